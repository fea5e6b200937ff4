import type { BuildRequest, EngineContext } from "./api/engine-context.ts";
import { endContainersOf } from "./replace-containers.ts";

/** What came of building an image anew. */
export interface RebuildResult {
  /** Whether the image differs from the one that had the tag. */
  readonly isChanged: boolean;
  /** The containers that ran the old image and were ended. */
  readonly endedContainers: readonly string[];
}

/**
 * Builds an image anew under the tag it had; when it differs, ends the containers of the old one.
 * A build that fails leaves image and containers as they are.
 *
 * @param log told each line of the build
 */
export async function rebuildImage(
  engine: EngineContext,
  request: BuildRequest,
  log: (line: string) => void,
): Promise<RebuildResult> {
  const before = await engine.images.get(request.tag);
  const image = await engine.build(request, log);
  if (before?.id === image.id) return { isChanged: false, endedContainers: [] };
  return { isChanged: true, endedContainers: await endContainersOf(engine, request.tag) };
}
