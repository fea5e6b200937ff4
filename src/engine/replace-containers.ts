import { isLive } from "./api/container-state.ts";
import type { EngineContainer } from "./api/engine-container.ts";
import type { EngineContext } from "./api/engine-context.ts";
import { parseSignal } from "./api/signal-number.ts";

const SIGKILL = 9;
/** An edit should be seen soon; what wants to end well in development has this long. */
const STOP_GRACE_MS = 2_000;

/**
 * Ends the running containers of an image, so that the next request starts from the new one.
 *
 * @param reference as the containers were created from it
 * @returns the names of the ended containers
 */
export async function endContainersOf(
  engine: EngineContext,
  reference: string,
): Promise<readonly string[]> {
  const running = engine.containers
    .list()
    .filter(({ body, lifecycle }) => body.image === reference && isLive(lifecycle.state));
  await Promise.all(running.map((container) => end(engine, container)));
  return running.map(({ name }) => name);
}

async function end(engine: EngineContext, container: EngineContainer): Promise<void> {
  const image = await engine.images.get(container.imageId);
  const exit = container.lifecycle.wait("not-running");
  container.signal(parseSignal(image?.config.stopSignal ?? "SIGTERM"));
  const timer = setTimeout(() => container.signal(SIGKILL), STOP_GRACE_MS);
  await exit;
  clearTimeout(timer);
}
