import type { InterceptionPlan } from "../../core/egress/plan-interception.ts";
import { ContainerError } from "../../errors/container-error.ts";
import type { ContainerRuntime } from "../../ports/container-runtime.ts";

/**
 * Checks that a runtime can intercept what is planned, before any of it is asked for.
 *
 * @throws {ContainerError} `INVALID_CONFIG`
 */
export function checkInterception(
  runtime: ContainerRuntime,
  { http, https }: InterceptionPlan,
): void {
  const needed = [
    http === "all" ? "interceptAllOutboundHttp" : "interceptOutboundHttp",
    ...(https.length === 0 ? [] : ["interceptOutboundHttps"]),
  ];
  for (const method of needed) {
    if (typeof Reflect.get(runtime, method) === "function") continue;
    throw new ContainerError(
      "INVALID_CONFIG",
      `Cannot apply egress rules: this runtime has no ctx.container.${method}(); update Wrangler`,
      { details: { method } },
    );
  }
}

/** Has a runtime send what is planned to `proxy`. HTTPS first: so no rule holds for HTTP alone. */
export async function intercept(
  runtime: ContainerRuntime,
  { http, https }: InterceptionPlan,
  proxy: Fetcher,
): Promise<void> {
  for (const host of https === "all" ? ["*"] : https) {
    await runtime.interceptOutboundHttps?.(host, proxy);
  }
  if (http === "all") await runtime.interceptAllOutboundHttp?.(proxy);
  else for (const host of http) await runtime.interceptOutboundHttp?.(host, proxy);
}
