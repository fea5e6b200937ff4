import { manifestCall } from "./fetch-manifest.ts";
import type { Registry } from "./open-registry.ts";
import { readBounded } from "./read-bounded.ts";
import { parseReference } from "./reference.ts";

const ANSWER_LIMIT_BYTES = 64 * 1024;

/**
 * Connects to where an image is to be pushed, and logs in, ahead of need. Never fails: what goes
 * wrong shows again when something is pushed.
 */
export async function connectTo(registry: Registry, name: string): Promise<void> {
  try {
    const reference = parseReference(name);
    const answer = await registry.send({
      ...manifestCall("HEAD", reference),
      scopes: [`repository:${reference.repository}:pull,push`],
      accepts: [404, 405],
    });
    await readBounded(answer, ANSWER_LIMIT_BYTES); // so that the connection is kept
  } catch {
    // Told by the push.
  }
}
