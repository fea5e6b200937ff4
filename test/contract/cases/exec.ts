import { ask, sleep, startApp, untilAnswering } from "../container-app.ts";
import { insideCase, type ContractCase, type Observation, type Probe } from "../contract-case.ts";
import { outcome } from "../outcome.ts";

const text = (bytes: ArrayBuffer): string => new TextDecoder().decode(bytes);

async function run(
  probe: Probe,
  command: string[],
  options?: ContainerExecOptions,
): Promise<Observation> {
  const child = await probe.container.exec(command, options);
  const { stdout, stderr, exitCode } = await child.output();
  return { stdout: text(stdout), stderr: text(stderr), exitCode };
}

export const execCases: readonly ContractCase[] = [
  insideCase({
    title: "exec() gives both outputs and the exit code",
    step: async (probe) => {
      await startApp(probe);
      return await run(probe, ["sh", "-c", "echo out; echo err >&2; exit 3"]);
    },
    expected: { stdout: "out\n", stderr: "err\n", exitCode: 3 },
  }),
  insideCase({
    title: "exec() has the environment and the directory of its call",
    step: async (probe) => {
      await startApp(probe);
      const env = { GREETING: "hello" };
      return [
        await run(probe, ["printenv", "GREETING"], { env }),
        await run(probe, ["pwd"], { cwd: "/tmp" }),
      ];
    },
    expected: [
      { stdout: "hello\n", stderr: "", exitCode: 0 },
      { stdout: "/tmp\n", stderr: "", exitCode: 0 },
    ],
  }),
  insideCase({
    title: "exec() takes input by a pipe",
    step: async (probe) => {
      await startApp(probe);
      const child = await probe.container.exec(["cat"], { stdin: "pipe" });
      const writer = (child.stdin as WritableStream<Uint8Array>).getWriter();
      await writer.write(new TextEncoder().encode("hello"));
      await writer.close();
      const { stdout, exitCode } = await child.output();
      return { stdout: text(stdout), exitCode };
    },
    expected: { stdout: "hello", exitCode: 0 },
  }),
  insideCase({
    title: "a program of exec() can be killed",
    step: async (probe) => {
      await startApp(probe);
      const child = await probe.container.exec(["sleep", "100"]);
      child.kill();
      return await child.exitCode;
    },
    expected: 143,
  }),
  insideCase({
    title: "exec() of a program that is missing ends with 127",
    step: async (probe) => {
      await startApp(probe);
      const child = await probe.container.exec(["no-such-program"]);
      const { stderr, exitCode } = await child.output();
      return { exitCode, says: text(stderr).includes("no-such-program: not found") };
    },
    expected: { exitCode: 127, says: true },
  }),
  insideCase({
    title: "exec() ends with 137 and the end of its output when its container does",
    step: async (probe) => {
      await startApp(probe);
      const child = await probe.container.exec(["sleep", "100"]);
      const read = child.output();
      await ask(probe, "/exit?code=0");
      const { stdout, exitCode } = await read;
      return { stdout: text(stdout), exitCode };
    },
    expected: { stdout: "", exitCode: 137 },
  }),
  insideCase({
    title: "the exit of exec() is told once its output was read, and not before",
    step: async (probe) => {
      await startApp(probe);
      const child = await probe.container.exec(["sh", "-c", "echo out; echo err >&2; exit 3"]);
      const early = await Promise.race([child.exitCode, sleep(500).then(() => "not told")]);
      const outputs = [child.stdout, child.stderr].map((stream) => new Response(stream).text());
      return [early, ...(await Promise.all(outputs)), await child.exitCode];
    },
    expected: ["not told", "out\n", "err\n", 3],
  }),
  insideCase({
    title: "a signal that aborts kills the program of exec(), and one that has refuses it",
    step: async (probe) => {
      await startApp(probe);
      const caller = new AbortController();
      const child = await probe.container.exec(["sleep", "100"], { signal: caller.signal });
      caller.abort();
      const late = await outcome(() =>
        probe.container.exec(["true"], { signal: AbortSignal.abort() }).then(() => null),
      );
      return [await child.exitCode, Object.keys(Object(late))];
    },
    expected: [137, ["rejected"]],
  }),
  insideCase({
    title: "exec() refuses a command of nothing",
    step: async (probe) => {
      await startApp(probe);
      return await outcome(() => probe.container.exec([]).then(() => null));
    },
    expected: {
      rejected: { name: "TypeError", message: "exec() requires a non-empty command array." },
    },
  }),
  insideCase({
    title: "a terminal of exec() has the size that was asked for, and 80 by 24 without",
    step: async (probe) => {
      await startApp(probe);
      const sized = await run(probe, ["stty", "size"], { pty: { cols: 100, rows: 30 } });
      return [sized, await run(probe, ["stty", "size"], { pty: true })];
    },
    expected: [
      { stdout: "30 100\r\n", stderr: "", exitCode: 0 },
      { stdout: "24 80\r\n", stderr: "", exitCode: 0 },
    ],
  }),
  insideCase({
    title: "inspect() names the image while there is a container",
    step: async (probe) => {
      await startApp(probe);
      const running = await probe.container.inspect();
      await probe.container.destroy();
      const names = Object.keys(running ?? {}).toSorted();
      return {
        names,
        image: typeof running?.image,
        after: (await probe.container.inspect()) === null,
      };
    },
    expected: { names: ["image", "labels"], image: "string", after: true },
  }),
  insideCase({
    title: "a snapshot keeps the files, for a later start",
    step: async (probe) => {
      await startApp(probe);
      await ask(probe, "/write?text=kept");
      const snapshot = await probe.container.snapshotContainer({ name: "mine" });
      await probe.container.destroy();
      probe.container.start({ enableInternet: false, containerSnapshot: snapshot });
      await untilAnswering(probe);
      const { id, name, size } = snapshot;
      const types = [typeof id, typeof size];
      return { types, name: name ?? "", read: await ask(probe, "/read") };
    },
    expected: { types: ["string", "number"], name: "mine", read: "kept" },
  }),
];
