import type { ObjectIds } from "./object-id.ts";

/** How many bytes of lots an id takes. */
const ID_BYTES = 32;

/** A namespace as a Worker has it, in `env` and in `ctx.exports`. */
export class SimulatedDurableObjectNamespace {
  readonly #ids: ObjectIds;
  readonly #get: (id: DurableObjectId) => object;

  /** @param get gives the stub of an object */
  constructor(ids: ObjectIds, get: (id: DurableObjectId) => object) {
    this.#ids = ids;
    this.#get = get;
  }

  idFromName(name: string): DurableObjectId {
    return this.#ids.ofName(name);
  }

  idFromString(hex: string): DurableObjectId {
    return this.#ids.parse(hex);
  }

  newUniqueId(): DurableObjectId {
    return this.#ids.unique(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  }

  get(id: DurableObjectId): object {
    return this.#get(id);
  }

  getByName(name: string): object {
    return this.#get(this.#ids.ofName(name));
  }

  jurisdiction(): this {
    return this;
  }
}
