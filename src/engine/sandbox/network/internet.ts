import type { SandboxFacts } from "../sandbox.ts";

/** A pod, as far as its network needs to know. */
export interface PodNetwork {
  /** Unique within the engine. */
  readonly index: number;
  /** The helper's pid on the host: its network namespace is the pod's. */
  readonly helperPid: number;
}

/** The way of pods to the internet. */
export interface Internet {
  readonly kind: SandboxFacts["internet"];
  /** Gives a pod a route out, or takes it away; tells whether it has one now. */
  connect(pod: PodNetwork): Promise<boolean>;
  disconnect(pod: PodNetwork): Promise<void>;
  /** Gives everything on the host back. */
  close(): Promise<void>;
}
