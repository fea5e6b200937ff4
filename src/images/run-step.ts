import type { Readable } from "node:stream";

/** What RUN may reach. */
export type RunNetwork = "none" | "internet";

/** A file or directory of this machine at a place inside the image while RUN runs. */
export interface RunMount {
  readonly source: string;
  /** An absolute path without symlinks; it is there already. */
  readonly target: string;
  readonly isReadOnly: boolean;
}

/** One RUN instruction, to be executed in a private view of the image. */
export interface RunRequest {
  readonly argv: readonly string[];
  /** Exactly this, nothing of the host. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** "name", "uid" or "uid:gid"; root when absent. */
  readonly user?: string;
  /** Unpacked directories, lowest first. */
  readonly layers: readonly string[];
  readonly base: "host" | "none";
  /** Receives all writes and becomes the step's layer. */
  readonly writableDir: string;
  readonly mounts: readonly RunMount[];
  readonly network: RunNetwork;
}

/** What came of a RUN instruction. */
export interface RunResult {
  /** A promise when the output can be read while the process runs. */
  readonly exitCode: number | Promise<number>;
  /** stdout and stderr as they came. */
  readonly output: Readable;
}

/** Executes RUN; given by whoever has a sandbox. */
export type RunStep = (request: RunRequest) => Promise<RunResult>;
