import type { FakeClock } from "../../src/testing/fake-clock.ts";

/** What a virtual timer does when it begins and when it is over. */
export interface TimerWatch {
  /** Called when a timer is set; returns what to call when it fired or was cleared. */
  onSet(): () => void;
}

/** The flags that the library asks for. */
const FLAGS = { enable_request_signal: true, request_signal_passthrough: true };

/**
 * Gives the global clock and timers over to a virtual clock, so that an hour passes in an instant
 * and always alike. What Workers have and Node does not is added, as far as idling needs it.
 *
 * @returns what restores the globals
 */
export function installVirtualGlobals(clock: FakeClock, watch: TimerWatch): () => void {
  const { setTimeout, clearTimeout } = globalThis;
  const realNow = Date.now;
  const ends = new Map<unknown, () => void>();
  const end = (timer: unknown): void => {
    ends.get(timer)?.();
    ends.delete(timer);
  };
  const virtualSetTimeout = (callback: () => void, delayMs = 0): unknown => {
    const over = watch.onSet();
    const timer = clock.setTimeout(() => {
      callback();
      end(timer);
    }, delayMs);
    ends.set(timer, over);
    return timer;
  };
  const virtualClearTimeout = (timer: unknown): void => {
    clock.clearTimeout(timer);
    end(timer);
  };
  Date.now = () => clock.now();
  Object.assign(globalThis, {
    setTimeout: virtualSetTimeout,
    clearTimeout: virtualClearTimeout,
    IdentityTransformStream: TransformStream,
    Cloudflare: { compatibilityFlags: FLAGS },
  });
  Object.defineProperty(Response.prototype, "webSocket", { value: null, configurable: true });
  return () => {
    Date.now = realNow;
    Object.assign(globalThis, { setTimeout, clearTimeout });
  };
}
