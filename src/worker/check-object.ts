import { ContainerError } from "../errors/container-error.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";

/**
 * Checks that an object can run a container, before anything is done with it.
 *
 * @returns its `ctx.container`
 * @throws {ContainerError} `NO_CONTAINER` or `INVALID_CONFIG`, with the lines of configuration that
 * mend it
 */
export function checkObject(ctx: DurableObjectState, className: string): ContainerRuntime {
  if (ctx.container === undefined) {
    throw new ContainerError(
      "NO_CONTAINER",
      `Cannot run a container for class ${className}: ctx.container is missing; export the class and add to the Wrangler configuration: "containers": [{ "class_name": "${className}", "image": "./Dockerfile" }]`,
    );
  }
  if (!hasSqlite(ctx.storage)) {
    throw new ContainerError(
      "INVALID_CONFIG",
      `Cannot keep the state of class ${className}: its storage has no SQLite; add to the Wrangler configuration: "migrations": [{ "tag": "v1", "new_sqlite_classes": ["${className}"] }] (not "new_classes")`,
    );
  }
  return ctx.container;
}

/** Without SQLite the runtime throws when `kv` or `sql` is touched, or does not have them. */
function hasSqlite(storage: DurableObjectStorage): boolean {
  try {
    storage.kv.get("berth");
    return true;
  } catch {
    return false;
  }
}
