import { readAccountFiles } from "./account-files.ts";
import { appCommand } from "./app-command.ts";
import { resolveUser } from "./container-user.ts";
import { ExecLauncher } from "./exec-launcher.ts";
import type { StartedCommand } from "./exec-shell.ts";
import type { ResourceGroup } from "./memory-control.ts";
import type { PodResources } from "./pod-resources.ts";
import { KILLED_EXIT_CODE, toProcessExit } from "./process-exit.ts";
import type { ExecSpec, LaunchSpec, SandboxProcess } from "./sandbox.ts";
import { toSandboxProcess } from "./sandbox-child.ts";
import { SandboxError } from "./sandbox-error.ts";
import { startTerminal } from "./exec-terminal.ts";

/** The app that commands join. */
export interface ExecTarget {
  readonly resources: PodResources;
  readonly group: ResourceGroup;
  /** The app's pid on the host. */
  readonly appPid: number;
  readonly app: LaunchSpec;
}

/** The commands that run beside an app, in its namespaces and with its privileges. */
export class AppExecs {
  readonly #target: ExecTarget;
  readonly #launchers = new Set<Promise<ExecLauncher>>();
  #launcher: Promise<ExecLauncher> | undefined;
  #isClosed = false;

  constructor(target: ExecTarget) {
    this.#target = target;
  }

  /**
   * Starts a command.
   *
   * @throws {SandboxError} `EXEC_FAILED` when it cannot be started
   */
  async start(spec: ExecSpec): Promise<SandboxProcess> {
    assertSayable(spec);
    const { resources, group, app } = this.#target;
    const accounts = readAccountFiles(app.rootfs, resources.view);
    const user = resolveUser(spec.user ?? app.user, accounts);
    const command = { argv: spec.argv, env: spec.env, cwd: spec.cwd ?? app.cwd, user };
    if (spec.tty !== undefined) return startTerminal(command, spec.tty, this.#target);
    const argv = appCommand(command, resources.facts.privilege);
    const { exitCode, ...launched } = await this.#launch(argv, spec.argv[0] ?? "");
    return toSandboxProcess({
      ...launched,
      exited: exitCode.then((code = KILLED_EXIT_CODE) => toProcessExit(code, group)),
      resize: () => Promise.resolve(),
    });
  }

  /** Settles when nothing of the commands is left; to be called when the app has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled([...this.#launchers].map(async (each) => (await each).close()));
  }

  /** A launcher may be killed, as by the memory limit: that only costs time. */
  async #launch(argv: readonly string[], name: string): Promise<StartedCommand> {
    const first = await this.#takeLauncher();
    const launched = (await first.start(argv)) ?? (await (await this.#takeLauncher()).start(argv));
    if (launched !== undefined) return launched;
    throw new SandboxError("EXEC_FAILED", `Cannot exec ${name}: ${first.errors || "no app runs"}`);
  }

  async #takeLauncher(): Promise<ExecLauncher> {
    const current = this.#launcher;
    const launcher = await current;
    if (launcher?.isUsable === true) return launcher;
    if (this.#isClosed) throw new SandboxError("APP_NOT_RUNNING", "Cannot exec: the app has ended");
    if (this.#launcher === current) this.#launcher = this.#startLauncher();
    return this.#launcher ?? this.#takeLauncher();
  }

  async #startLauncher(): Promise<ExecLauncher> {
    const starting = ExecLauncher.start(this.#target);
    this.#launchers.add(starting);
    const forget = (): void => void this.#launchers.delete(starting);
    try {
      const launcher = await starting;
      void launcher.exited.then(forget);
      return launcher;
    } catch (error) {
      forget();
      this.#launcher = undefined;
      throw error;
    }
  }
}

/** A null character would end a word, or be left out, on the way through a shell. */
function assertSayable({ argv, env, cwd = "" }: ExecSpec): void {
  if (![...argv, ...Object.entries(env).flat(), cwd].some((word) => word.includes("\0"))) return;
  const reason = "a null character in an argument, variable or directory";
  throw new SandboxError("EXEC_FAILED", `Cannot exec ${argv[0] ?? ""}: ${reason}`);
}
