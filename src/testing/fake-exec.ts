import type { FakeRun } from "./fake-run.ts";

/** What a program in a fake container is told beside its arguments. */
export interface FakeExecContext {
  /** The environment that the caller gave. */
  readonly env: Readonly<Record<string, string>>;
  /** The working directory that the caller gave. */
  readonly cwd: string | undefined;
  /** What was written to its standard input; empty where that is no pipe. */
  readonly stdin: Promise<string>;
  /** Resolves with the number of the signal that ends it. */
  readonly killed: Promise<number>;
}

/** What a program did. */
export interface FakeExecResult {
  /** Default: 0. */
  readonly exitCode?: number;
  /** Default: nothing. */
  readonly stdout?: string;
  /** Default: nothing. */
  readonly stderr?: string;
}

/** Runs a program in a fake container; one that is not there gives undefined. */
export type FakeExec = (
  argv: readonly string[],
  context: FakeExecContext,
) => FakeExecResult | undefined | Promise<FakeExecResult | undefined>;

const SIGTERM = 15;

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
  options.signal?.addEventListener("abort", () => killed.resolve(SIGTERM));
  const input = stdinOf(options.stdin);
  const { env = {}, cwd } = options;
  const context = { env, cwd, stdin: input.text, killed: killed.promise };
  const done = Promise.race([
    Promise.resolve(handler(argv, context)).then((result) => result ?? notFound(argv)),
    killed.promise.then((signal): FakeExecResult => ({ exitCode: 128 + signal })),
    run.ended.then((): FakeExecResult => ({ exitCode: 137 })),
  ]);
  const text = async (part: "stdout" | "stderr"): Promise<string> => (await done)[part] ?? "";
  const exitCode = done.then((result) => result.exitCode ?? 0);
  return {
    pid,
    isPty: options.pty !== undefined && options.pty !== false,
    stdin: input.writable,
    stdout: options.stdout === "ignore" ? null : streamOf(text("stdout")),
    stderr: options.stderr === "ignore" ? null : streamOf(text("stderr")),
    exitCode,
    output: () => outputOf(text, exitCode),
    kill: (signal = SIGTERM) => killed.resolve(signal),
    resize: () => {},
  };
}

async function outputOf(
  text: (part: "stdout" | "stderr") => Promise<string>,
  exitCode: Promise<number>,
): Promise<ExecOutput> {
  const [stdout, stderr] = await Promise.all([bytesOf(text("stdout")), bytesOf(text("stderr"))]);
  return { stdout, stderr, exitCode: await exitCode };
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

async function bytesOf(text: Promise<string>): Promise<ArrayBuffer> {
  return new TextEncoder().encode(await text).buffer as ArrayBuffer;
}

function streamOf(text: Promise<string>): ReadableStream {
  return new ReadableStream<Uint8Array>({
    async start(controller) {
      const bytes = new TextEncoder().encode(await text);
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}
