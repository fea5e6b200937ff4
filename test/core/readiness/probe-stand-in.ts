import type { Probe, ProbeRequestInit } from "../../../src/core/readiness/readiness-check.ts";

/** What a probe of a test was asked. */
export interface Asked {
  readonly path: string;
  readonly init: ProbeRequestInit | undefined;
}

/** A probe whose container answers as told, and that remembers what it was asked. */
export function probeOf(parts: Partial<Probe>): Probe & { readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const refuse = (what: string) => (): never => {
    throw new Error(`Nothing was to ${what}`);
  };
  return {
    signal: new AbortController().signal,
    connect: refuse("connect"),
    exec: refuse("exec"),
    wait: () => Promise.resolve(),
    ...parts,
    asked,
    fetch: async (path, init) => {
      asked.push({ path, init });
      return (parts.fetch ?? refuse("fetch"))(path, init);
    },
  };
}
