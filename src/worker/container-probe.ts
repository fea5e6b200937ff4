import type { Probe, ProbeRequestInit } from "../core/readiness/readiness-check.ts";
import { parsePort } from "../core/port.ts";
import { ContainerError } from "../errors/container-error.ts";
import { classifyRuntimeError } from "../errors/from-runtime.ts";
import type { Clock } from "../ports/clock.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import { sleep } from "./sleep.ts";

/** What a probe is aimed at. */
export interface ProbeAim {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  /** The port of a check that names none. */
  readonly port: number;
  /** What paths are resolved against; its host is what the app sees as `Host`. */
  readonly url: string;
}

/** Closes what a check has opened. */
type Release = () => Promise<unknown> | undefined;

/** One look at the container. Notes whether anything in it gave a sign of life. */
export class ContainerProbe implements Probe {
  readonly #aim: ProbeAim;
  readonly #over = new AbortController();
  readonly #releases: Release[] = [];
  #isUp = false;

  constructor(aim: ProbeAim) {
    this.#aim = aim;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Whether the container showed that it is up, ready or not. */
  get isUp(): boolean {
    return this.#isUp;
  }

  async fetch(path: string, { port, ...init }: ProbeRequestInit = {}): Promise<Response> {
    const { url, runtime } = this.#aim;
    const request = { ...init, redirect: "manual", signal: this.signal } as const;
    try {
      const sent = runtime.getTcpPort(this.#port(port)).fetch(new URL(path, url), request);
      const response = await sent;
      this.#isUp = true;
      const { body } = response;
      if (body !== null) this.#release(() => (body.locked ? undefined : body.cancel()));
      return response;
    } catch (error) {
      if (classifyRuntimeError(error) === "NOT_LISTENING") this.#isUp = true;
      throw error;
    }
  }

  connect(port?: number): Socket {
    const chosen = this.#port(port);
    const socket = this.#aim.runtime.getTcpPort(chosen).connect(`10.0.0.1:${chosen}`);
    const noteUp = (): void => {
      if (!this.signal.aborted) this.#isUp = true; // else it is our own closing
    };
    socket.closed.then(noteUp, noteUp);
    socket.opened.catch(() => {}); // told by whoever reads
    this.#release(() => socket.close());
    return socket;
  }

  async exec(argv: readonly string[]): Promise<number> {
    const { runtime } = this.#aim;
    if (typeof runtime.exec !== "function") {
      throw new ContainerError(
        "INVALID_CONFIG",
        "Cannot run a program in the container: this runtime has no ctx.container.exec(); use http() or tcp() to tell readiness",
      );
    }
    const child = await runtime.exec([...argv], {
      stdout: "ignore",
      stderr: "ignore",
      signal: this.signal,
    });
    this.#isUp = true;
    return child.exitCode;
  }

  wait(delayMs: number): Promise<void> {
    return sleep(this.#aim.clock, delayMs, this.signal);
  }

  /** Ends whatever is still open. */
  end(): void {
    if (this.signal.aborted) return;
    this.#over.abort();
    for (const release of this.#releases.splice(0)) {
      release()?.catch(() => {}); // it has ended by itself
    }
  }

  #port(port: number | undefined): number {
    return port === undefined ? this.#aim.port : parsePort(port, "port of a readiness check");
  }

  #release(release: Release): void {
    this.#releases.push(release);
    if (this.signal.aborted) void release()?.catch(() => {});
  }
}
