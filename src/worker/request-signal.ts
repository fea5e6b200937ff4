import { REQUEST_LEASE_MS } from "../core/lease.ts";
import { read } from "../errors/from-runtime.ts";

/** Gives a request a signal that aborts when its client leaves. */
const SIGNAL_FLAG = "enable_request_signal";

/** Hands that signal on when the request is forwarded: Worker to object, object to container. */
const PASSTHROUGH_FLAG = "request_signal_passthrough";

/** The compatibility flags of a Worker, by name. */
export type CompatibilityFlags = Readonly<Record<string, unknown>>;

// Each object of a class would say the same. Weak, so that it keeps no class of an old version.
const warned = new WeakSet<object>();

/** Reads the flags of the Worker that runs this; undefined where the platform does not tell. */
export function compatibilityFlags(): CompatibilityFlags | undefined {
  const flags = read(read(globalThis, "Cloudflare"), "compatibilityFlags");
  return typeof flags === "object" && flags !== null ? { ...flags } : undefined;
}

/**
 * Says, once a class, which flags are missing for a client's leaving to be seen before the headers
 * came. Without them the request keeps the instance awake until its lease ends.
 *
 * @param flags as {@link compatibilityFlags} reads them
 * @see https://developers.cloudflare.com/workers/configuration/compatibility-flags/#enable-requestsignal-for-incoming-requests
 */
export function warnOfUnseenAborts(
  containerClass: { readonly name: string },
  flags: CompatibilityFlags | undefined,
): void {
  if (flags === undefined || warned.has(containerClass)) return;
  const missing = [SIGNAL_FLAG, PASSTHROUGH_FLAG].filter((flag) => flags[flag] !== true);
  if (missing.length === 0) return;
  warned.add(containerClass);
  const minutes = REQUEST_LEASE_MS / 60_000;
  console.warn(
    `${containerClass.name}: a client that leaves before its answer began may keep the container awake for ${minutes} minutes; add to the Wrangler configuration: "compatibility_flags": ${JSON.stringify([SIGNAL_FLAG, PASSTHROUGH_FLAG])} (missing: ${missing.join(", ")})`,
  );
}

/** Whether a request's own signal must be named in `fetch()`, because it does not travel by itself. */
export function isSignalNamed(flags: CompatibilityFlags | undefined): boolean {
  return flags?.[SIGNAL_FLAG] === true && flags[PASSTHROUGH_FLAG] !== true;
}
