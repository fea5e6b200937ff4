/** What a transfer of one blob came to. */
export interface TransferProgress {
  readonly digest: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** "present": the other side has it; "mounted": taken from another repository over there. */
  readonly state: "waiting" | "moving" | "retrying" | "present" | "mounted" | "done";
}

/** Told of a transfer as it goes. */
export type OnProgress = (progress: TransferProgress) => void;
