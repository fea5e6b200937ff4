/** Waits for `work`, or rejects with what `toError` makes as soon as `signal` aborts. */
export async function orLeave<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  toError: () => Error,
): Promise<Result> {
  if (signal === undefined) return await work;
  const departure = Promise.withResolvers<never>();
  const onAbort = (): void => departure.reject(toError());
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([work, departure.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
