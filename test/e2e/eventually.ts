import { setTimeout as delay } from "node:timers/promises";

const PAUSE_MS = 50;

/** Asks again and again until the answer passes `isEnough`; after the deadline, gives the last one. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  isEnough: (answer: T) => boolean,
  timeoutMs = 20_000,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isEnough(answer) || performance.now() > deadlineMs) return answer;
    await delay(PAUSE_MS);
  }
}
