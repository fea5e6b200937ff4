/**
 * Does the same with every item, some of them at the same time.
 *
 * @param limit how many at once
 * @throws what the first failure throws; what is under way then is waited for
 */
export async function forEachAtOnce<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: limit }, async () => {
    for (const item of queue) await work(item);
  });
  const outcomes = await Promise.allSettled(workers);
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}
