/** Waits for the work or for the signal, and leaves no listener on a signal that outlives it. */
export async function untilAborted(
  work: Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<"aborted" | "done"> {
  const left = Promise.withResolvers<"aborted">();
  const leave = (): void => left.resolve("aborted");
  signal?.addEventListener("abort", leave);
  if (signal?.aborted === true) leave();
  try {
    return await Promise.race([work.then(() => "done" as const), left.promise]);
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}
