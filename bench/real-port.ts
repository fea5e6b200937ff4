import { APP_IMAGE, startBenchEngine } from "./start-engine.ts";
import { startWorkerd } from "./start-workerd.ts";
import type { Kind, Orders } from "./workers/real-port-messages.ts";

const CLASSES = { BARE: "Bare", OURS: "Ours", PASS_THROUGH: "PassThrough", PEER: "Peer" };
const ALL_KINDS: readonly Kind[] = ["bare", "control", "ours", "passThrough", "peer"];

/** Compilers settle, in the objects as in the servers. */
const WARM_UP_REQUESTS = 1_000;

/** A body that an app is asked for. */
export interface BodyPlan {
  readonly mib: number;
  /** Whether the app tells the length. */
  readonly length: "known" | "chunked";
}

/** Real containers on the embedded engine, one of each kind, under a Worker that times them. */
export interface RealPort {
  /** Where a client reads a body from the container of this kind. */
  bodyUrl(kind: Kind, body: BodyPlan): URL;
  /** Milliseconds that the orders took. */
  time(orders: Orders): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts engine, workerd, and a container of each of the kinds. */
export async function openRealPort(kinds: readonly Kind[] = ALL_KINDS): Promise<RealPort> {
  await using parts = new AsyncDisposableStack();
  const engine = parts.use(await startBenchEngine());
  const workerd = parts.use(
    await startWorkerd({
      file: "real-port.ts",
      classes: CLASSES,
      engine: { socketPath: engine.socketPath, imageName: APP_IMAGE },
    }),
  );
  const time = (orders: Orders): Promise<number> => workerd.ask<number>("/", orders);
  for (const kind of kinds) {
    const isBare = kind === "bare" || kind === "control";
    if (isBare) await time({ what: "keep", session: kind, times: 1 });
    await time({ what: "stub", kind, times: WARM_UP_REQUESTS });
  }
  const owned = parts.move();
  const bodyUrl = (kind: Kind, { mib, length }: BodyPlan): URL =>
    new URL(`/body/${kind}/${mib}${length === "known" ? "" : "/chunked"}`, workerd.url);
  return { time, bodyUrl, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
