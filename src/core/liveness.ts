/** What is known of an app that is watched. */
export interface LivenessState {
  /** The run that is watched. */
  readonly run: number;
  /** How many checks of it failed in a row. */
  readonly failures: number;
}

/** How an app is watched. */
export interface LivenessPolicy {
  readonly everyMs: number;
  /** So many failures in a row and the app is dead. */
  readonly failures: number;
}

/** The state when the watch of a run begins. */
export function watched(run: number): LivenessState {
  return { run, failures: 0 };
}

/**
 * Whether a check is needed: not where a real request was answered since the last one, which shows
 * as much.
 *
 * @param answeredAtMs when the app last answered a request, in milliseconds since the epoch
 */
export function needsCheck(policy: LivenessPolicy, answeredAtMs: number, nowMs: number): boolean {
  return nowMs - answeredAtMs >= policy.everyMs;
}

/** Takes note of a check, or of an answer in its place. */
export function afterCheck(state: LivenessState, isAlive: boolean): LivenessState {
  return { ...state, failures: isAlive ? 0 : state.failures + 1 };
}

/** Whether the app failed too often in a row. */
export function isDead(state: LivenessState, policy: LivenessPolicy): boolean {
  return state.failures >= policy.failures;
}
