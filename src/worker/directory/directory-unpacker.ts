import type { DirectoryPlan } from "./directory.ts";
import {
  beginCommand,
  gateFile,
  openCommand,
  unpackCommand,
} from "../../core/directory/gate-commands.ts";
import { isLive } from "../../core/lifecycle/phase.ts";
import { OutputHead } from "../../core/programs/output-head.ts";
import { ContainerError, errorCode } from "../../errors/container-error.ts";
import { textOf } from "../../errors/from-runtime.ts";
import { sleep } from "../sleep.ts";
import type { DirectoryParts } from "./directory-keeper.ts";
import { DirectoryStore } from "./directory-store.ts";

/** Enough for what shell and tar say of a failure. */
const WORDS_BYTES = 1_024;

/** The exit code of a shell that lacks a program. */
const MISSING = 127;

/** What directories are unpacked with. */
export interface UnpackerParts extends DirectoryParts {
  readonly report: (error: unknown) => void;
}

/** Ends a run that never got its files, as a start that failed; resolves when it is over. */
export type FailStart = (error: ContainerError) => Promise<void>;

interface RunTerms {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly stdin?: ReadableStream;
}

/** Unpacks the directory of a run that has begun, and lets its app begin after that. */
export class DirectoryUnpacker {
  readonly #parts: UnpackerParts;
  readonly #store: DirectoryStore;
  #last: { readonly run: number; readonly settled: Promise<void> } | undefined;

  constructor(parts: UnpackerParts) {
    this.#parts = parts;
    this.#store = new DirectoryStore(parts.platform.storage);
  }

  /** Gives a run its files. Never throws. */
  async begin(run: number, plan: DirectoryPlan, fail: FailStart): Promise<void> {
    const { platform } = this.#parts;
    const settled = this.#attempt(run, plan, fail);
    this.#last = { run, settled };
    platform.keepAlive(settled);
    await settled;
  }

  /** Settles when a run has its files, or has failed for the lack of them; undefined once it has. */
  arrival(run: number): Promise<void> | undefined {
    const isPending = this.#last?.run === run && !this.#store.isOpened(run);
    return isPending ? this.#last?.settled : undefined;
  }

  /** Whether nobody brings a run its files any more, since the object died over it. */
  isLost(run: number): boolean {
    const { supervisor } = this.#parts;
    if (this.#last?.run === run) return false;
    return supervisor.phase.kind === "starting" && !this.#store.isOpened(run);
  }

  async #attempt(run: number, plan: DirectoryPlan, fail: FailStart): Promise<void> {
    const { supervisor, report } = this.#parts;
    try {
      await this.#inTime(run, plan);
      this.#store.opened(run);
    } catch (thrown) {
      const phase = await supervisor.reconcile();
      if (phase.run !== run || !isLive(phase)) return; // how it ended is the answer
      const error = toFailure(plan, thrown);
      report(error);
      await fail(error);
    }
  }

  async #inTime(run: number, plan: DirectoryPlan): Promise<void> {
    const { timeoutMs } = plan;
    const over = new AbortController();
    const late = sleep(this.#parts.platform.clock, timeoutMs, over.signal).then(() => "late");
    const work = this.#unpack(run, plan, over.signal);
    try {
      if ((await Promise.race([work, late])) === "late") {
        throw new Error(`it takes more than ${timeoutMs} ms; raise the timeout of persist`);
      }
    } finally {
      work.catch(() => {}); // of no interest any more
      over.abort();
    }
  }

  async #unpack(run: number, plan: DirectoryPlan, signal: AbortSignal): Promise<void> {
    const file = gateFile(this.#parts.id.toString(), run);
    const latest = this.#store.archives.at(-1);
    const terms = { timeoutMs: plan.timeoutMs, signal };
    if (latest === undefined) return await this.#run(beginCommand(file, plan.path), terms);
    const object = await plan.bucket.get(latest.key);
    if (object === null) {
      throw new Error(`the bucket has no ${latest.key} any more; put it back`);
    }
    // One that is cut short ends as one that is whole: so its length is counted.
    const { readable, writable } = new FixedLengthStream(latest.sizeBytes);
    const sent = object.body.pipeTo(writable, { signal });
    sent.catch(() => {}); // told below, unless tar has more to say
    await this.#run(unpackCommand(file, plan.path), { ...terms, stdin: readable });
    await sent;
    signal.throwIfAborted(); // the run may have been given up
    await this.#run(openCommand(file), terms);
  }

  async #run(argv: readonly string[], { timeoutMs, signal, stdin }: RunTerms): Promise<void> {
    const words = new OutputHead(WORDS_BYTES);
    const plan = { argv, timeoutMs, maxOutputBytes: Infinity, options: {} };
    const { end } = await this.#parts.runner.start({
      plan,
      stdin,
      signal,
      sinks: () => ({
        stdout: (piece) => words.take("stdout", piece),
        stderr: (piece) => words.take("stderr", piece),
      }),
    });
    const { exitCode } = await end;
    if (exitCode === 0) return;
    const missing = words.text("stdout").trim();
    if (exitCode === MISSING && missing !== "") throw missingError(missing);
    throw new Error(`it ended with ${exitCode}: ${words.text("stderr").trim()}`);
  }
}

function missingError(program: string): ContainerError {
  return new ContainerError(
    "NOT_SUPPORTED",
    `Cannot keep a directory: the image has no ${program}; add it`,
    { details: { program } },
  );
}

function toFailure({ path }: DirectoryPlan, thrown: unknown): ContainerError {
  const code = errorCode(thrown);
  if (code === "NOT_SUPPORTED") return thrown as ContainerError; // ours, by its code
  if (code === "PROGRAM_NOT_FOUND") return missingError("/bin/sh");
  return new ContainerError(
    "SNAPSHOT_FAILED",
    `Cannot start with the files of ${path}: ${textOf(thrown)}`,
    { cause: thrown },
  );
}
