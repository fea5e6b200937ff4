import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";

/** Asks a Docker engine for a resource, as JSON. */
export async function askDocker(
  socketPath: string,
  path: string,
  signal?: AbortSignal,
): Promise<unknown> {
  const outgoing = request({ socketPath, path, agent: false, ...(signal && { signal }) });
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const answer = await json(response);
  if (response.statusCode === 200) return answer;
  throw new Error(`${path}: ${response.statusCode} ${JSON.stringify(answer)}`);
}
