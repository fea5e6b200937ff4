import type { ApiRoute } from "./api-exchange.ts";
import { archiveRoutes } from "./archive.ts";
import { buildRoutes } from "./build.ts";
import { containerRoutes } from "./containers.ts";
import type { EngineContext } from "./engine-context.ts";
import { execRoutes } from "./exec.ts";
import { imageRoutes } from "./images.ts";
import { networkRoutes } from "./networks.ts";
import { systemRoutes } from "./system.ts";
import { pushRoutes } from "./push.ts";
import { volumeRoutes } from "./volumes.ts";

/** All endpoints of the engine. */
export function engineRoutes(engine: EngineContext): readonly ApiRoute[] {
  return [
    ...systemRoutes(engine),
    ...containerRoutes(engine),
    ...execRoutes(engine),
    ...archiveRoutes(engine),
    ...networkRoutes(),
    ...volumeRoutes(engine),
    ...imageRoutes(engine),
    ...buildRoutes(engine),
    ...pushRoutes(engine),
  ];
}
