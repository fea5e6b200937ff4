/**
 * Has every promise of an object's storage tell when it is awaited.
 *
 * A stand-in is returned for each promise: `await` calls its `then()`. What is only caught, so that
 * its failure is not lost, delays nothing and is not told.
 *
 * @param onAwait called with the name of the method
 */
export function auditStorage(ctx: DurableObjectState, onAwait: (name: string) => void): void {
  const { storage } = ctx;
  const audited = new Proxy(storage, {
    get(_target, name) {
      const member: unknown = Reflect.get(storage, name, storage);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, storage, args);
        return result instanceof Promise
          ? new StandIn(result, () => onAwait(String(name)))
          : result;
      };
    },
  });
  Object.defineProperty(ctx, "storage", { value: audited, configurable: true });
}

/** Not a promise itself: `await` would read one without calling its `then()`. */
class StandIn {
  readonly catch: Promise<unknown>["catch"];
  readonly finally: Promise<unknown>["finally"];
  readonly #promise: Promise<unknown>;
  readonly #onAwait: () => void;

  constructor(promise: Promise<unknown>, onAwait: () => void) {
    this.#promise = promise;
    this.#onAwait = onAwait;
    this.catch = promise.catch.bind(promise);
    this.finally = promise.finally.bind(promise);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it stands for a promise
  then<Done, Failed>(
    onDone: (value: unknown) => Done,
    onFailed: (reason: unknown) => Failed,
  ): Promise<Done | Failed> {
    this.#onAwait();
    return this.#promise.then(onDone, onFailed);
  }
}
