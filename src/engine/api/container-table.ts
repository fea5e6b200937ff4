import { EngineError } from "../engine-error.ts";
import type { EngineContainer } from "./engine-container.ts";

const MIN_ID_PREFIX_CHARS = 4;

/** The engine's containers by id; names are unique. */
export class ContainerTable {
  readonly #byId = new Map<string, EngineContainer>();

  /** All containers, oldest first. */
  list(): readonly EngineContainer[] {
    return [...this.#byId.values()];
  }

  /** @returns the container of a name, an id, or an id's beginning */
  find(reference: string): EngineContainer | undefined {
    const name = reference.replace(/^\//, "");
    const all = this.list();
    return (
      this.#byId.get(reference) ??
      all.find((container) => container.name === name) ??
      (reference.length >= MIN_ID_PREFIX_CHARS
        ? all.find((container) => container.id.startsWith(reference))
        : undefined)
    );
  }

  /**
   * @returns the container of a name or id
   * @throws {EngineError} NO_SUCH_CONTAINER when there is none
   */
  get(reference: string): EngineContainer {
    const container = this.find(reference);
    if (container !== undefined) return container;
    throw new EngineError(
      "NO_SUCH_CONTAINER",
      `Cannot find container: no such container: ${reference}`,
    );
  }

  /** @throws {EngineError} CONFLICT when the name is taken */
  checkNameIsFree(name: string): void {
    const holder = this.list().find((container) => container.name === name);
    if (holder === undefined) return;
    throw new EngineError(
      "CONFLICT",
      `Cannot create a container: the name "/${name}" is already in use by container ` +
        `"${holder.id}"; remove it or give another name`,
    );
  }

  /** @throws {EngineError} CONFLICT when the name is taken */
  add(container: EngineContainer): void {
    this.checkNameIsFree(container.name);
    this.#byId.set(container.id, container);
  }

  /** Forgets a container. */
  delete(id: string): void {
    this.#byId.delete(id);
  }
}
