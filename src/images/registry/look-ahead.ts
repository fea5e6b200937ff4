import { manifestCall } from "./fetch-manifest.ts";
import { isDigest } from "../oci/is-digest.ts";
import type { Registry } from "./open-registry.ts";
import { readBounded } from "./read-bounded.ts";
import { parseReference } from "./reference.ts";

const ANSWER_LIMIT_BYTES = 64 * 1024;

/**
 * Connects to where an image is to be pushed, logs in, and looks what is there, ahead of need. Never
 * fails: what goes wrong shows again when something is pushed.
 *
 * @returns the digest that the reference points to, if it does
 */
export async function lookAhead(registry: Registry, name: string): Promise<string | undefined> {
  try {
    const reference = parseReference(name);
    const answer = await registry.send({
      ...manifestCall("HEAD", reference),
      scopes: [`repository:${reference.repository}:pull,push`],
      accepts: [404, 405],
    });
    await readBounded(answer, ANSWER_LIMIT_BYTES); // so that the connection is kept
    const digest = answer.header("docker-content-digest") ?? "";
    return answer.status < 300 && isDigest(digest) ? digest : undefined;
  } catch {
    return undefined; // told by the push
  }
}
