/** What a rig is told. */
export interface RigOptions {
  /** How many interleaved rounds to measure: at least 15 for a verdict worth having. */
  readonly pairs: number;
}

/** One line of a rig's table. */
export interface Row {
  /** What was measured. */
  readonly what: string;
  /** What came out, with its spread where it varies. */
  readonly measured: string;
  /** The target and whether it is met; a row without one only informs. */
  readonly target?: { readonly text: string; readonly isMet: boolean };
}

/** One measurement that can be run by its name. */
export interface Rig {
  readonly name: string;
  readonly title: string;
  run(options: RigOptions): Promise<readonly Row[]>;
}
