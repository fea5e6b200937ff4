import type { Policy } from "../core/lifecycle/policy.ts";
import type { StopParams } from "./container-types.ts";

/** The hooks of a user's class. */
export interface Hooks {
  onStart(): void | Promise<void>;
  onStop(params: StopParams): void | Promise<void>;
  onActivityExpired(): Promise<void>;
  onAlarm(): void | Promise<void>;
  onBeforeSnapshot(): void | Promise<void>;
}

/** The user's class as the machinery sees it. */
export interface Host {
  readonly object: Hooks;
  readonly settings: {
    /** The settings, read anew at each call: a class may change its fields at any time. */
    policy(): Policy;
    /** What `ctx.container.start()` is given for the run that begins now. */
    startOptions(run: number): ContainerStartupOptions;
  };
  /** Hands an error to `onError`, whatever that does with it. */
  readonly report: (error: unknown) => void;
}
