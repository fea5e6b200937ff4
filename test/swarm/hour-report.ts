/** What came of one simulated hour, or of many. */
export interface HourReport {
  hours: number;
  steps: number;
  requests: number;
  faults: Record<string, number>;
  /** How often one phase followed another. */
  transitions: Record<string, number>;
  /** How often a fault met a phase. */
  faultsByPhase: Record<string, number>;
  answers: Record<string, number>;
  violations: Violation[];
}

/** What must not be, and the seed that shows it. */
export interface Violation {
  readonly seed: number;
  readonly atMs: number;
  readonly rule: string;
  readonly detail: string;
}

/** The report of nothing. */
export function newReport(): HourReport {
  return {
    hours: 0,
    steps: 0,
    requests: 0,
    faults: {},
    transitions: {},
    faultsByPhase: {},
    answers: {},
    violations: [],
  };
}

/** Counts one more. */
export function tally(counts: Record<string, number>, name: string, by = 1): void {
  counts[name] = (counts[name] ?? 0) + by;
}

/** Adds one report to another. */
export function merge(into: HourReport, from: HourReport): void {
  into.hours += from.hours;
  into.steps += from.steps;
  into.requests += from.requests;
  into.violations.push(...from.violations);
  for (const key of ["faults", "transitions", "faultsByPhase", "answers"] as const) {
    for (const [name, count] of Object.entries(from[key])) tally(into[key], name, count);
  }
}
