/** What is known of an app that is watched. */
export interface LivenessState {
  /** How many checks failed in a row. */
  readonly failures: number;
  /** When the next check is due, in milliseconds since the epoch. */
  readonly dueAtMs: number;
}

/** How an app is watched. */
export interface LivenessPolicy {
  readonly everyMs: number;
  /** So many failures in a row and the app is dead. */
  readonly failures: number;
}

/** The state when watching begins. */
export function watched(policy: LivenessPolicy, nowMs: number): LivenessState {
  return { failures: 0, dueAtMs: nowMs + policy.everyMs };
}

/**
 * What to do when a check is due: none is needed where a real request was answered since the last
 * one, which shows as much.
 *
 * @param answeredAtMs when the app last answered a request, in milliseconds since the epoch
 */
export function needsCheck(policy: LivenessPolicy, answeredAtMs: number, nowMs: number): boolean {
  return nowMs - answeredAtMs >= policy.everyMs;
}

/** Takes note of a check, or of an answer in its place. */
export function afterCheck(
  state: LivenessState,
  policy: LivenessPolicy,
  { isAlive, nowMs }: { readonly isAlive: boolean; readonly nowMs: number },
): LivenessState {
  return { failures: isAlive ? 0 : state.failures + 1, dueAtMs: nowMs + policy.everyMs };
}

/** Whether the app failed too often in a row. */
export function isDead(state: LivenessState, policy: LivenessPolicy): boolean {
  return state.failures >= policy.failures;
}
