import { outputPipe, type FakeOutput, type OutputPipe } from "./fake-output.ts";
import type { FakeRun } from "./fake-run.ts";

/** What a program in a fake container is told beside its arguments. */
export interface FakeExecContext {
  /** The environment that the caller gave. */
  readonly env: Readonly<Record<string, string>>;
  /** The working directory that the caller gave. */
  readonly cwd: string | undefined;
  /** The user that the caller gave. */
  readonly user: string | undefined;
  /** The size of its terminal, and undefined without one. */
  readonly terminal: { readonly columns: number; readonly rows: number } | undefined;
  /** What was written to its standard input; empty where that is no pipe. */
  readonly stdin: Promise<string>;
  /** Resolves with the number of the signal that ends it. */
  readonly killed: Promise<number>;
  /** Has the program take no notice of a signal, but for 9. */
  ignore(signal: number): void;
}

/** What a program did. */
export interface FakeExecResult {
  /** A promise while the program goes on and its outputs are streams. Default: 0. */
  readonly exitCode?: number | Promise<number>;
  /** Default: nothing. */
  readonly stdout?: FakeOutput;
  /** Default: nothing. */
  readonly stderr?: FakeOutput;
}

/** Runs a program in a fake container; one that is not there gives undefined. */
export type FakeExec = (
  argv: readonly string[],
  context: FakeExecContext,
) => FakeExecResult | undefined | Promise<FakeExecResult | undefined>;

const SIGTERM = 15;
const SIGKILL = 9;

/** The size of a terminal that the caller gave none. */
const TERMINAL = { columns: 80, rows: 24 };

/** One call of `exec()`. */
export interface FakeExecCall {
  readonly argv: readonly string[];
  readonly options: ContainerExecOptions;
  readonly pid: number;
}

/** Runs a program as `ctx.container.exec()` does; its process ends with its container. */
export function startFakeExec(
  run: FakeRun,
  handler: FakeExec,
  { argv, options, pid }: FakeExecCall,
): ExecProcess {
  const killed = Promise.withResolvers<number>();
  const ignored = new Set<number>();
  const kill = (signal: number): void => {
    if (!ignored.has(signal) || signal === SIGKILL) killed.resolve(signal);
  };
  options.signal?.addEventListener("abort", () => kill(SIGKILL));
  const input = stdinOf(options.stdin);
  const { env = {}, cwd, user, pty } = options;
  const context: FakeExecContext = {
    ...{ env, cwd, user, stdin: input.text, killed: killed.promise },
    terminal: terminalOf(pty),
    ignore: (signal) => void ignored.add(signal),
  };
  const result = Promise.resolve(handler(argv, context)).then((given) => given ?? notFound(argv));
  const cut = Promise.race([killed.promise, run.ended.then(() => SIGKILL)]);
  const ended = Promise.race([
    result.then(({ exitCode = 0 }) => exitCode),
    cut.then((signal) => 128 + signal),
  ]);
  const { drained, ...readable } = outputsOf(result, cut, options);
  const exitCode = Promise.all([ended, drained]).then(([code]) => code);
  return {
    pid,
    isPty: context.terminal !== undefined,
    stdin: input.writable,
    ...readable,
    exitCode,
    output: () => outputOf(readable, exitCode),
    kill: (signal = SIGTERM) => {
      if (!(signal >= 1 && signal <= 64)) throw new RangeError("Invalid signal number.");
      kill(signal);
    },
    resize: () => {},
  };
}

function outputsOf(
  result: Promise<FakeExecResult>,
  cut: Promise<number>,
  { stdout, stderr, pty }: ContainerExecOptions,
): Pick<ExecProcess, "stdout" | "stderr"> & { readonly drained: Promise<unknown> } {
  const pipeOf = (part: "stdout" | "stderr"): OutputPipe =>
    outputPipe(
      result.then((given) => given[part]),
      cut,
    );
  const isOne = terminalOf(pty) !== undefined; // a terminal has but one output
  const out = stdout === "ignore" ? undefined : pipeOf("stdout");
  const err = stderr === "ignore" || isOne ? undefined : pipeOf("stderr");
  return {
    stdout: out?.readable ?? null,
    stderr: err?.readable ?? null,
    drained: Promise.all([out?.drained, err?.drained]),
  };
}

function terminalOf(pty: ContainerExecOptions["pty"]): FakeExecContext["terminal"] {
  if (pty === undefined || pty === false) return undefined;
  if (pty === true) return TERMINAL;
  return { columns: pty.cols ?? TERMINAL.columns, rows: pty.rows ?? TERMINAL.rows };
}

async function outputOf(
  { stdout, stderr }: Pick<ExecProcess, "stdout" | "stderr">,
  exitCode: Promise<number>,
): Promise<ExecOutput> {
  const [out, err] = await Promise.all([bytesOf(stdout), bytesOf(stderr)]);
  return { stdout: out, stderr: err, exitCode: await exitCode };
}

/** What a shell says of a program that is not there. */
function notFound(argv: readonly string[]): FakeExecResult {
  return { exitCode: 127, stderr: `sh: 1: exec: ${argv[0] ?? ""}: not found\n` };
}

function stdinOf(stdin: ContainerExecOptions["stdin"]): {
  readonly writable: WritableStream | null;
  readonly text: Promise<string>;
} {
  if (stdin === undefined) return { writable: null, text: Promise.resolve("") };
  if (stdin !== "pipe") return { writable: null, text: new Response(stdin).text() };
  const pipe = new TransformStream<Uint8Array, Uint8Array>();
  return { writable: pipe.writable, text: new Response(pipe.readable).text() };
}

async function bytesOf(stream: ReadableStream | null): Promise<ArrayBuffer> {
  return await new Response(stream).arrayBuffer();
}
