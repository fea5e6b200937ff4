/**
 * Something that was begun, and that goes on only while somebody waits for it: by `await`, `then()`
 * or `Promise.all()`. So a test can let time pass in between, by exactly as much as it says.
 */
export class Pending<Result> implements PromiseLike<Result> {
  readonly #begin: () => Promise<Result>;
  #outcome: Promise<Result> | undefined;

  constructor(begin: () => Promise<Result>) {
    this.#begin = begin;
  }

  then<Fulfilled = Result, Rejected = never>(
    onFulfilled?: ((value: Result) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#outcome ??= this.#begin();
    return this.#outcome.then(onFulfilled, onRejected);
  }

  catch<Rejected = never>(
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Result | Rejected> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Result> {
    this.#outcome ??= this.#begin();
    return this.#outcome.finally(onFinally);
  }
}
