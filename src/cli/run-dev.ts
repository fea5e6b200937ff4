import type { EngineLog } from "../engine/engine-log.ts";
import type { DevOptions } from "./dev-options.ts";
import { EditLoop } from "./edit-loop.ts";
import { EndSignals } from "./end-signals.ts";
import { findWrangler, type WranglerProgram } from "./find-wrangler.ts";
import { createPalette } from "./palette.ts";
import { createLogPrinter, type LineSink } from "./print-engine-log.ts";
import { runChild } from "./run-child.ts";
import { startDevEngine, type DevEngine } from "./start-dev-engine.ts";
import {
  killSession,
  killStraySessions,
  sessionOfThisProcess,
  SESSION_VARIABLE,
} from "./stray-processes.ts";
import { containerOfTag, readContainerConfigs, type ContainerConfig } from "./wrangler-config.ts";

/**
 * `berth dev`: an engine, `wrangler dev` on it, and rebuilds on edits, until wrangler ends.
 *
 * @returns wrangler's exit code
 * @throws {CliError} when wrangler or an engine can't be had
 */
export async function runDev(options: DevOptions, sink: LineSink): Promise<number> {
  using signals = new EndSignals();
  killStraySessions();
  const wrangler = await findWrangler(options.projectDir);
  const session = new DevSession(options, wrangler, sink);
  try {
    return await session.run(signals);
  } finally {
    await session.close();
  }
}

class DevSession {
  readonly #options: DevOptions;
  readonly #wrangler: WranglerProgram;
  readonly #say: (text: string) => void;
  readonly #print: (event: EngineLog) => void;
  #containers: readonly ContainerConfig[] = [];
  #engine: DevEngine | undefined;
  #editLoop: EditLoop | undefined;
  #lastRead: Promise<void> = Promise.resolve();
  #queuedRead: Promise<void> | undefined;

  constructor(options: DevOptions, wrangler: WranglerProgram, sink: LineSink) {
    this.#options = options;
    this.#wrangler = wrangler;
    const palette = createPalette(isColored());
    this.#print = createLogPrinter(sink, palette);
    this.#say = (text) => sink.stderr(`${palette.dim("berth:")} ${text}`);
  }

  async run(signals: EndSignals): Promise<number> {
    const { projectDir, wranglerArgs } = this.#options;
    const [engine] = await Promise.all([
      startDevEngine(this.#options, {
        log: (event) => this.#onLog(event),
        say: this.#say,
        sizeOf: (image) => containerOfTag(this.#containers, image)?.size,
      }).then((started) => (this.#engine = started)),
      this.#queueRead(),
    ]);
    this.#startEditLoop(engine);
    const command = {
      program: this.#wrangler.node,
      args: [this.#wrangler.script, "dev", ...withoutCwd(wranglerArgs)],
      cwd: projectDir,
      env: { ...process.env, ...envOf(engine), [SESSION_VARIABLE]: sessionOfThisProcess() },
    };
    return runChild(command, signals);
  }

  async close(): Promise<void> {
    await this.#editLoop?.close();
    killSession(sessionOfThisProcess());
    if (this.#engine?.kind === "process") await this.#engine.engine[Symbol.asyncDispose]();
  }

  #startEditLoop(engine: DevEngine): void {
    if (engine.kind !== "process") {
      this.#say(`containers run on ${engine.kind}; press r to rebuild them after an edit`);
      return;
    }
    this.#editLoop = new EditLoop({
      rebuild: (request, onLine) => engine.engine.rebuild(request, onLine),
      dockerfilePaths: () => this.#containers.flatMap(({ image }) => image ?? []),
      say: this.#say,
    });
  }

  #onLog(event: EngineLog): void {
    this.#print(event);
    if (event.kind !== "image-built") return;
    void this.#editLoop?.follow(event);
    void this.#queueRead(); // wrangler builds anew when its configuration has changed
  }

  /** A read loads all of wrangler: builds that come together share one. */
  #queueRead(): Promise<void> {
    if (this.#queuedRead !== undefined) return this.#queuedRead;
    const read = this.#lastRead.then(() => {
      this.#queuedRead = undefined;
      return this.#readConfig();
    });
    this.#queuedRead = this.#lastRead = read;
    return read;
  }

  async #readConfig(): Promise<void> {
    const { wranglerArgs, projectDir } = this.#options;
    const containers = await readContainerConfigs(this.#wrangler, wranglerArgs, projectDir);
    this.#containers = containers ?? this.#containers;
  }
}

/** wrangler starts in the project's directory already; a relative --cwd would lead astray. */
function withoutCwd(args: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (arg === "--cwd") at += 1;
    else if (!arg.startsWith("--cwd=")) kept.push(arg);
  }
  return kept;
}

function envOf(engine: DevEngine): Readonly<Record<string, string>> {
  return engine.kind === "process" ? engine.engine.env : engine.env;
}

function isColored(): boolean {
  const { NO_COLOR: noColor, FORCE_COLOR: forceColor } = process.env;
  if (noColor !== undefined && noColor !== "") return false;
  return process.stderr.isTTY || (forceColor !== undefined && forceColor !== "0");
}
