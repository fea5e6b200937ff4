// What the rig of abilities tells bench/workers/abilities.ts.

/** What to do; each is answered with the milliseconds that it took, or with the text it printed. */
export type AbilityOrders =
  | { readonly what: "keep" }
  | { readonly what: "exec"; readonly argv: readonly string[]; readonly times: number }
  | { readonly what: "print"; readonly argv: readonly string[] }
  | { readonly what: "snapshot" }
  | { readonly what: "plain-start" }
  | { readonly what: "restore"; readonly snapshotId: string };

/** What comes back. */
export interface AbilityAnswer {
  readonly tookMs: number;
  readonly text?: string;
}
