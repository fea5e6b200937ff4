/** One instruction of a Dockerfile, read but not yet expanded. */
export interface Instruction {
  /** Where it begins, from 1. */
  readonly line: number;
  /** Upper case. */
  readonly keyword: string;
  /** `--name=value` before the arguments; value is "" for a bare `--name`. */
  readonly flags: readonly InstructionFlag[];
  /** The arguments as one logical line: continuations joined, comments within dropped. */
  readonly text: string;
  readonly heredocs: readonly InlineDocument[];
  /** `text` and the bodies of its heredocs, as a shell wants them. */
  readonly script: string;
}

/** A flag of an instruction. */
export interface InstructionFlag {
  readonly name: string;
  readonly value: string;
}

/** A heredoc. */
export interface InlineDocument {
  readonly name: string;
  /** Without the line of the delimiter; tabs cut for `<<-`. */
  readonly body: string;
  /** Whether its variables are expanded: the delimiter is not quoted. */
  readonly isExpanded: boolean;
}
