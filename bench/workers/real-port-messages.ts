// What rigs tell bench/workers/real-port.ts; it answers with the milliseconds that it took.

/** What instances are made of. `control` is another bare one, with a container of its own. */
export type Kind = "bare" | "control" | "ours" | "passThrough" | "peer";

/** What to time. */
export type Orders = { readonly times: number } & (
  | {
      readonly what: "stub" | "inside" | "stream" | "echo";
      readonly kind: Kind;
      readonly parallel?: number;
    }
  | { readonly what: "outside"; readonly url: string }
  | { readonly what: "start"; readonly session: string; readonly entrypoint?: string[] }
  | { readonly what: "keep"; readonly session: string; readonly entrypoint?: string[] }
);
