// What these tests use of Node. They are typed for Workers, whose types know nothing of it.

interface Files {
  readFileSync(path: string, encoding: "utf8"): string;
  writeFileSync(path: string, text: string): void;
}

interface NodeProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): void };
  cwd(): string;
  listeners(event: string): ((...args: unknown[]) => void)[];
  removeAllListeners(event: string): void;
  on(event: string, listener: (...args: unknown[]) => void): void;
  getBuiltinModule(name: "node:fs"): Files;
}

export const nodeProcess = Reflect.get(globalThis, "process") as NodeProcess;
export const files: Files = nodeProcess.getBuiltinModule("node:fs");

/** Lets rejections that nobody handles pass, until the returned function is called. */
export function forgiveRejections(): () => void {
  const event = "unhandledRejection";
  const listeners = nodeProcess.listeners(event);
  nodeProcess.removeAllListeners(event);
  nodeProcess.on(event, () => {});
  return () => {
    nodeProcess.removeAllListeners(event);
    for (const listener of listeners) nodeProcess.on(event, listener);
  };
}
