import type { ContainerRuntime } from "../../ports/container-runtime.ts";
import type { ClassSettings } from "../class-settings.ts";
import { Outbound, type EgressFields } from "./outbound.ts";
import type { WorkerExports } from "./worker-exports.ts";

/** What egress is assembled from. */
export interface OutboundParts {
  readonly object: EgressFields;
  readonly ground: {
    readonly ctx: DurableObjectState;
    readonly env: Cloudflare.Env;
    readonly runtime: ContainerRuntime;
  };
  /** The settings, which are made of egress in their turn. */
  readonly settings: () => ClassSettings;
  /** Hands an error to `onError`. */
  readonly report: (error: unknown) => void;
}

/** Puts together what the container's own requests are subject to. Nothing happens yet. */
export function assembleOutbound({ object, ground, settings, report }: OutboundParts): Outbound {
  const { ctx, env, runtime } = ground;
  return new Outbound({
    object,
    isInternetWanted: () => settings().isInternetWanted,
    env,
    id: ctx.id.toString(),
    exports: Reflect.get(ctx, "exports") as WorkerExports | undefined,
    runtime,
    storage: ctx.storage,
    report,
  });
}
