import { mayReplay, type RequestFailure } from "../core/replay.ts";
import { errorCode, type ContainerError } from "../errors/container-error.ts";
import { classifyRuntimeError, toContainerError } from "../errors/from-runtime.ts";
import { toResponse } from "../errors/to-response.ts";
import type { Platform } from "../ports/platform.ts";
import type { Admission } from "./admission.ts";
import type { AnswerPasser, Traffic } from "./answer-passer.ts";
import type { LivenessWatch } from "./liveness-watch.ts";
import { dropSpare, spareRequest } from "./spare-request.ts";
import type { Supervisor } from "./supervisor.ts";
import { timedFetch } from "./timed-fetch.ts";

/** The user's object: its fields may change at any time. */
export interface ProxiedObject {
  readonly traffic: Traffic;
  readonly requiredPorts?: readonly number[];
  errorResponse(
    error: ContainerError,
    request: Request,
  ): Response | undefined | Promise<Response | undefined>;
}

/** What the proxy works with. */
export interface ProxyParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly admission: Admission;
  readonly passer: AnswerPasser;
  readonly liveness: LivenessWatch;
  /** Whether a request's signal has to be named for the container to hear of it. */
  readonly isSignalNamed: boolean;
  readonly object: ProxiedObject;
}

/** A request that got no answer, what it can be sent again by, and the run that it was sent to. */
interface Attempt {
  readonly request: Request;
  readonly spare: Request | undefined;
  readonly port: number;
  readonly run: number;
}

/** Sends requests to the container, starting it when it is not ready. */
export class HttpProxy {
  readonly #parts: ProxyParts;

  constructor(parts: ProxyParts) {
    this.#parts = parts;
  }

  /** Forwards one request; every failure is an answer with a code, never a hang or a throw. */
  async forward(request: Request, port: number): Promise<Response> {
    try {
      if (!this.#isOpen(port)) await this.#admit(request, port);
      const { run } = this.#parts.supervisor.phase;
      const plain = withPlainScheme(request);
      const spare = spareRequest(plain);
      try {
        const response = await this.#sendOnce(plain, port);
        dropSpare(plain, spare);
        return response;
      } catch (error) {
        return await this.#sendAgain({ request: plain, spare, port, run }, error);
      }
    } catch (error) {
      this.#parts.supervisor.suspect();
      return await this.fail(error, request, `proxy to port ${port}`);
    }
  }

  /**
   * Forwards one request if the app answers already. Neither starts the container nor keeps it
   * awake.
   */
  async forwardIfRunning(request: Request, port: number): Promise<Response> {
    const { platform, admission } = this.#parts;
    try {
      admission.checkReady();
      const init = this.#signalOf(request);
      return await platform.runtime.getTcpPort(port).fetch(withPlainScheme(request), init);
    } catch (error) {
      return await this.fail(error, request, `proxy to port ${port}`);
    }
  }

  /**
   * Answers in place of the app: as the class says, else with the code alone. The public learns
   * the code; the text goes to the log.
   */
  async fail(error: unknown, request: Request, action = "answer"): Promise<Response> {
    const known = toContainerError(error, action);
    if (known.code !== "ABORTED") console.error(known.message);
    try {
      return (await this.#parts.object.errorResponse(known, request)) ?? toResponse(known);
    } catch (mistake) {
      console.error("errorResponse() failed:", mistake);
      return toResponse(known);
    }
  }

  #isOpen(port: number): boolean {
    return this.#parts.admission.isOpen(port) && this.#parts.platform.runtime.running;
  }

  #admit(request: Request, port: number): Promise<void> {
    const ports = new Set([...(this.#parts.object.requiredPorts ?? []), port]);
    return this.#parts.admission.open([...ports], { signal: request.signal });
  }

  /** A request that failed may go once more, after the container answers again. */
  async #sendAgain(attempt: Attempt, error: unknown): Promise<Response> {
    const { request, spare, port } = attempt;
    const { admission, platform } = this.#parts;
    const failure = this.#failureOf(attempt, error);
    const isAppAtFault = failure === "unsent" || failure === "timeout";
    if (isAppAtFault) admission.distrust(port);
    const isKept = spare !== undefined;
    const mayRepeat =
      failure !== undefined && mayReplay({ method: request.method, isKept, failure });
    if (spare === undefined || !mayRepeat) {
      dropSpare(request, spare);
      if (isAppAtFault) platform.keepAlive(admission.recheck(port));
      throw error;
    }
    await this.#admit(spare, port);
    return await this.#sendOnce(spare, port);
  }

  /** How a request failed; undefined when it is no matter of the app's, or of a stop of ours. */
  #failureOf({ run }: Attempt, error: unknown): RequestFailure | undefined {
    const code = errorCode(error) ?? classifyRuntimeError(error);
    if (code === "NOT_LISTENING" || code === "NOT_RUNNING") return "unsent";
    if (code === "REQUEST_TIMEOUT") return "timeout";
    const isCut = code === "CONNECTION_LOST" && !this.#parts.supervisor.isToldToEnd(run);
    return isCut ? "cut" : undefined;
  }

  async #sendOnce(request: Request, port: number): Promise<Response> {
    const { supervisor, passer, liveness } = this.#parts;
    const lease = supervisor.openLease("request");
    try {
      const response = await this.#fetch(request, port);
      liveness.answered();
      return passer.pass(request.method, response, lease);
    } catch (error) {
      supervisor.closeLease(lease);
      throw error;
    }
  }

  #fetch(request: Request, port: number): Promise<Response> {
    const { platform, supervisor } = this.#parts;
    const { clock, runtime } = platform;
    const timeoutMs = supervisor.policy.requestTimeoutMs;
    const fetcher = runtime.getTcpPort(port);
    if (timeoutMs === Infinity) return fetcher.fetch(request, this.#signalOf(request));
    return timedFetch(fetcher, request, { clock, timeoutMs, signal: request.signal });
  }

  #signalOf(request: Request): RequestInit | undefined {
    return this.#parts.isSignalNamed ? { signal: request.signal } : undefined;
  }
}

/** Ports of a container speak plain HTTP; nothing but the scheme of the URL changes. */
function withPlainScheme(request: Request): Request {
  const { url } = request;
  if (!url.startsWith("https:")) return request;
  return new Request(`http:${url.slice("https:".length)}`, request);
}
