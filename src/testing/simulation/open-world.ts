// Where the world is that has the globals: found by every copy of this module, by the plugin, too.
const OPEN_WORLD = Symbol.for("berth.simulation");

/** A world, as far as the next one has to know it. */
export interface OpenWorld {
  close(): void;
}

/** The world that has the globals, if one has. */
export function openWorld(): OpenWorld | undefined {
  return Reflect.get(globalThis, OPEN_WORLD) as OpenWorld | undefined;
}

/** Says which world has the globals from now on. */
export function setOpenWorld(world: OpenWorld | undefined): void {
  if (world === undefined) Reflect.deleteProperty(globalThis, OPEN_WORLD);
  else Object.defineProperty(globalThis, OPEN_WORLD, { value: world, configurable: true });
}
