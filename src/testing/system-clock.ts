import type { Clock } from "../ports/clock.ts";

/** The platform's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // A timer is a number on one platform and an object on another, so each brings its own end.
  setTimeout: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return new Timer(() => clearTimeout(timer));
  },
  clearTimeout: (timer) => {
    if (timer instanceof Timer) timer.clear();
  },
};

class Timer {
  readonly clear: () => void;

  constructor(clear: () => void) {
    this.clear = clear;
  }
}
