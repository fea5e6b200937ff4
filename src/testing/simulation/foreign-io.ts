/** What Node calls I/O that a simulation knows nothing of. */
const FOREIGN =
  /^(FSReq|GetAddrInfo|GetNameInfo|TCPConnect|TCPSocket|UDP|PipeConnect|ProcessWrap|DNS|HTTP|TLS)/i;

/** Those that end by themselves; a connection may stay open for as long as its owner likes. */
const REQUEST = /^(FSReq|GetAddrInfo|GetNameInfo|TCPConnect|PipeConnect|DNS)/i;

type ListResources = () => readonly string[];

/**
 * Sees real I/O that is under way, where the platform tells it (Node). What a test runner had open
 * before does not count.
 */
export class ForeignIo {
  readonly #list: ListResources | undefined = resourceLister();
  readonly #before: ReadonlyMap<string, number> = this.#count();

  /** The kind of I/O that was begun since; undefined when there is none. */
  find(kinds: RegExp = FOREIGN): string | undefined {
    for (const [type, count] of this.#count()) {
      if (count > (this.#before.get(type) ?? 0) && kinds.test(type)) return type;
    }
    return undefined;
  }

  /** Whether I/O is under way that ends by itself, soon. */
  hasRequest(): boolean {
    return this.find(REQUEST) !== undefined;
  }

  #count(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const type of this.#list?.() ?? []) {
      if (FOREIGN.test(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
    }
    return counts;
  }
}

/** In workerd there is such a function, too, and it says that it is not implemented. */
function resourceLister(): ListResources | undefined {
  const process: unknown = Reflect.get(globalThis, "process");
  if (typeof process !== "object" || process === null) return undefined;
  const list: unknown = Reflect.get(process, "getActiveResourcesInfo");
  if (typeof list !== "function") return undefined;
  const ask = (): readonly string[] => Reflect.apply(list, process, []) as readonly string[];
  try {
    return Array.isArray(ask()) ? ask : undefined;
  } catch {
    return undefined;
  }
}
