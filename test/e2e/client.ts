import type { DevServer } from "./dev-server.ts";
import { eventually } from "./eventually.ts";

/** What the app of the fixture answers at `/`. */
export interface Identity {
  readonly instance: string;
  readonly pid: number;
  readonly count: number;
  readonly uptimeMs: number;
}

/** A stop as `onStop` was told. */
export interface Stop {
  readonly runId: number;
  readonly cause: string;
  readonly exitCode: number | null;
}

/** What the hooks of an instance saw. */
export interface Seen {
  readonly starts: number;
  readonly stops: readonly Stop[];
  readonly constructions: number;
  readonly isRunning: boolean;
}

/** Talks to one session of one class of the fixture. */
export class Session {
  readonly #server: DevServer;
  readonly #className: string;
  readonly #id: string;

  constructor(server: DevServer, className: string, id: string) {
    this.#server = server;
    this.#className = className;
    this.#id = id;
  }

  /** The URL of a path of the app; the session stands in its query. */
  url(path: string): string {
    const url = new URL(`/${this.#className}${path}`, this.#server.url);
    url.searchParams.set("session", this.#id);
    return url.href;
  }

  /** Sends a request to the app; the session stands in a header. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("session-id", this.#id);
    return fetch(new URL(`/${this.#className}${path}`, this.#server.url), { ...init, headers });
  }

  /** Asks the app who it is; throws when it does not answer. */
  async identify(): Promise<Identity> {
    const response = await this.fetch("/");
    const text = await response.text();
    if (response.status !== 200) throw new Error(`Answered ${response.status}: ${text}`);
    return JSON.parse(text) as Identity; // what the fixture's app writes
  }

  /** Calls a method of the object. */
  async call(method: string, query = ""): Promise<unknown> {
    const url = new URL(`/call/${this.#className}/${method}${query}`, this.#server.url);
    const response = await fetch(url, { headers: { "session-id": this.#id } });
    if (response.status !== 200) throw new Error(`${method}: ${await response.text()}`);
    return await response.json();
  }

  /** What the hooks of this instance saw. */
  async seen(): Promise<Seen> {
    return (await this.call("seen")) as Seen; // what the fixture's Worker writes
  }

  /** What they saw once so many stops were told. */
  seenAfterStops(count: number): Promise<Seen> {
    return eventually(
      () => this.seen(),
      ({ stops, isRunning }) => stops.length >= count && !isRunning,
    );
  }
}
