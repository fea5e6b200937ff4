import { lostConnection } from "./platform-errors.ts";

/** What becomes of an answer's body. */
export interface BodyEvents {
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** Called when the client gives the body up before its end. */
  onLeft(reason: unknown): void;
  /** Is given what breaks the body off, as its source goes away; returns what forgets that. */
  onSourceGone(cut: () => void): () => void;
}

/** An answer as its client gets it: its body breaks when what it comes from goes away. */
export function bodyOf(response: Response, events: BodyEvents): Response {
  if (response.body === null || response.webSocket !== null) return response;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const { signal } = events;
  const broken = new Break();
  const leave = (): void => {
    broken.now(signal.reason);
    void reader.cancel(signal.reason).catch(() => {}); // nobody is left to be told
  };
  const forgetSource = events.onSourceGone(() => broken.now(lostConnection()));
  const end = (): void => {
    forgetSource();
    signal.removeEventListener("abort", leave);
  };
  signal.addEventListener("abort", leave);
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await broken.or(() => reader.read());
        if (!done) return controller.enqueue(value);
        end();
        controller.close();
      },
      async cancel(reason) {
        end();
        events.onLeft(reason);
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, response);
}

/** Breaks what somebody waits for, and whatever is waited for afterwards. */
class Break {
  #reason: { readonly error: unknown } | undefined;
  #reject: (error: unknown) => void = () => {};

  now(error: unknown): void {
    this.#reason ??= { error };
    this.#reject(error);
  }

  or<Result>(begin: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#reason !== undefined) return reject(this.#reason.error);
      this.#reject = reject;
      begin().then(resolve, reject);
    });
  }
}
