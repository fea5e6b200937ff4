import type { Clock } from "../ports/clock.ts";

/** The platform's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // A timer is a number on one platform and an object on another, so each brings its own end.
  setTimeout: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  clearTimeout: (timer) => {
    if (typeof timer === "function") timer();
  },
};
