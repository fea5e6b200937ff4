/** A promise and the function that resolves it (Node 20 has no `Promise.withResolvers`). */
export interface Deferred<Value> {
  /** Settles when `resolve` is called. */
  readonly promise: Promise<Value>;
  /** Resolves; later calls do nothing. */
  resolve(value: Value): void;
}

/** Makes a promise that is resolved from outside. */
export function createDeferred<Value>(): Deferred<Value> {
  let resolvePromise: ((value: Value) => void) | undefined;
  const promise = new Promise<Value>((resolve) => {
    resolvePromise = resolve;
  });
  return { promise, resolve: (value) => resolvePromise?.(value) };
}
