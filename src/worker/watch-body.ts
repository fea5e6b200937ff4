import { classifyRuntimeError } from "../errors/from-runtime.ts";
import { openByteSource, type ByteSource } from "./byte-source.ts";

/** What the owner of a body wants to know. */
export interface BodyEvents {
  /** Is given the work of passing the body: a pipe alone does not keep the object in memory. */
  keepAlive(work: Promise<unknown>): void;
  /** So many bytes went on to the client. */
  onBytes(sizeBytes: number): void;
  /** The client has the whole body, or left. This or `onBroken` is called, once. */
  onDone(): void;
  /** The app broke off; or, of a body of up to 1 MiB, one of the two did. */
  onBroken(): void;
}

type Outcome = "done" | "broken";

/** Below this a body of known length is not watched: less than what a socket's buffers hold. */
const SHORT_BODY_BYTES = 16 * 1_024;

/** Up to this a body of known length goes by the platform's pipe, which is faster and shows nothing. */
const PIPED_BODY_BYTES = 1_024 * 1_024;

/**
 * Hands a body on and sees it go: each part passes as it comes, as fast as the client takes it. The
 * source is cancelled when the client leaves, and the client's body fails when the source does.
 *
 * A short body of known length is on its way when its headers come, whatever the client does: the
 * sockets hold it. It is not worth a pump, which costs as much as half the request.
 *
 * @returns what the client is to be given
 */
export function watchBody(response: Response, events: BodyEvents): Response {
  const { headers } = response;
  const body: ReadableStream<Uint8Array> | null = response.body;
  const sizeBytes = lengthOf(headers);
  if (body === null || sizeBytes <= SHORT_BODY_BYTES) {
    events.onDone();
    return response;
  }
  const { readable, writable } = pipeFor(headers);
  const work =
    sizeBytes <= PIPED_BODY_BYTES
      ? outcomeOf(body.pipeTo(writable))
      : pump(openByteSource(body), writable.getWriter(), (bytes) => events.onBytes(bytes));
  events.keepAlive(
    work.then((how) => {
      if (how === "done") events.onDone();
      else events.onBroken();
    }),
  );
  return new Response(readable, response);
}

/**
 * A client that leaves is noticed when the next part is sent to it, as everywhere on the platform.
 * An app whose body is too short has told so by an error of its own.
 */
async function pump(
  source: ByteSource,
  sink: WritableStreamDefaultWriter<Uint8Array>,
  onBytes: (sizeBytes: number) => void,
): Promise<Outcome> {
  try {
    for (let part = await source.read(); part !== undefined; part = await source.read()) {
      if (await hasFailed(sink.write(part))) {
        void source.cancel("The client left");
        return "done";
      }
      onBytes(part.byteLength);
    }
    await hasFailed(sink.close());
    return "done";
  } catch (error) {
    sink.abort(error).catch(() => {}); // not awaited: without a client it never settles
    return causeOf(error);
  }
}

function hasFailed(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => false,
    () => true,
  );
}

function outcomeOf(work: Promise<unknown>): Promise<Outcome> {
  return work.then(() => "done", causeOf);
}

/** A client that leaves aborts its request, and thereby the app's answer to it. */
function causeOf(error: unknown): Outcome {
  return classifyRuntimeError(error) === "ABORTED" ? "done" : "broken";
}

/** The length that the app told; none counts as endless. */
function lengthOf(headers: Headers): number {
  return Number(headers.get("content-length") ?? Infinity);
}

/**
 * A pipe that keeps the length where the app told it, so that the client is told, too. The length
 * of an encoded body counts bytes that the platform has decoded by now.
 */
function pipeFor(headers: Headers): IdentityTransformStream {
  const length = headers.get("content-length");
  const isPlain = length !== null && /^\d{1,15}$/.test(length) && !headers.has("content-encoding");
  return isPlain ? new FixedLengthStream(Number(length)) : new IdentityTransformStream();
}
