// What an instance does next. Invariants, cited by code and tests:
//   L1   At most one start is outstanding, and none while a container exists.
//   L2   Every event of a run carries its number; an event of another run changes nothing.
//   L3   onStart is commanded exactly once per run that we started and that came up; one that is
//        adopted had it from whoever started it.
//   L4   A run that ends leaves exactly one stop record; it stays in the outbox until its hook
//        succeeded, or was called MAX_STOP_DELIVERIES times in vain, the calls that the object's
//        death left unanswered included. A run that the platform had no room for never was.
//   L5   A stopping run has a kill deadline, and is destroyed again after each one that passes.
//   L6   Total: every (phase, event) pair answers, and never throws.
//   L7   Run numbers only rise.
//   L8   A command concerns the current run, save those that carry the record of one that ended.
//   L9   No start is commanded before its gate is open: neither within the pause after a crash nor
//        beyond a limit of the user.
//   L10  A run is told to end by signal after a drain that has a deadline, and with a kill deadline
//        from then on; by us once, and again only when the user asks for it again.
//   L11  Only what an app did by itself counts as a crash; MAX_CRASHES within CRASH_WINDOW_MS and
//        the instance has failed: from then on each run is a trial, until one was ready or ended
//        well by itself. Only time makes crashes count no more.
//   L12  A run whose app is silent for too long, ready before or booting, is ended by us: that is
//        a crash, and the next run is not held up by it for longer than a drain and a grace.
//   L13  A run that a deploy made old is ended once, by a drain or a signal, as a rollout: no crash,
//        and no run that has what is wanted is ended for it.
//   L14  What a run has is kept once per stop, after the drain and before the signal, for no longer
//        than its deadline; a stop that cannot wait, or for a fault, keeps nothing.
import { onAlarm, onExpiryHandled } from "./deadlines.ts";
import type { LifecycleEvent } from "./event.ts";
import { onExited, onStartRefused } from "./run-end.ts";
import { onConstructed, onObserved, onStartRequested, onUp } from "./run-start.ts";
import type { Lifecycle } from "./phase.ts";
import type { Policy } from "./policy.ts";
import { stay, type Step } from "./step.ts";
import { deliver, onStopDelivered } from "./stop-delivery.ts";
import {
  onDestroyRequested,
  onOutdated,
  onQuiet,
  onSaved,
  onStopRequested,
  onWedged,
} from "./run-stop.ts";

/** Decides what happens next. Pure: same arguments, same answer; never throws. */
export function transition(lifecycle: Lifecycle, event: LifecycleEvent, policy: Policy): Step {
  if ("run" in event && event.run !== lifecycle.phase.run) return stay(lifecycle); // L2
  switch (event.kind) {
    case "constructed":
      return deliver(onConstructed(lifecycle, event, policy), event.atMs, Infinity);
    case "observed":
      return onObserved(lifecycle, event);
    case "start-requested":
      return onStartRequested(lifecycle, event, policy);
    case "start-refused":
      return onStartRefused(lifecycle, event);
    case "up":
      return onUp(lifecycle, "running", event.atMs);
    case "ready":
      return onUp(lifecycle, "ready", event.atMs);
    case "wedged":
      return onWedged(lifecycle, event, policy);
    case "outdated":
      return onOutdated(lifecycle, event, policy);
    case "exited":
      return onExited(lifecycle, event);
    case "stop-requested":
      return onStopRequested(lifecycle, event, policy);
    case "quiet":
      return onQuiet(lifecycle, event.atMs, policy);
    case "saved":
      return onSaved(lifecycle, event.atMs, policy);
    case "destroy-requested":
      return onDestroyRequested(lifecycle, event.atMs);
    case "alarm":
      return deliver(onAlarm(lifecycle, event, policy), event.atMs, event.atMs);
    case "expiry-handled":
      return onExpiryHandled(lifecycle, event, policy);
    case "stop-delivered":
      return onStopDelivered(lifecycle, event);
  }
}
