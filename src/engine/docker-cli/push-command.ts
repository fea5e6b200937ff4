import type { Credentials } from "../../images/registry/credentials.ts";
import { dockerCredentials } from "../../images/registry/docker-credentials.ts";
import { formatReference, parseReference } from "../../images/registry/reference.ts";
import { CliError } from "./cli-error.ts";
import { onlyArgument, parseFlags, type Command, type CommandScope } from "./command.ts";
import { at, textAt } from "./json-path.ts";
import { toLoginScope } from "./login-scope.ts";

/** `docker push`: the engine sends, with the login of whoever calls. */
export const pushCommand: Command = async (scope) => {
  const flags = parseFlags(scope.args, { quiet: { type: "boolean", short: "q" } });
  const reference = onlyArgument(flags, "image");
  const result = await push(reference, scope);
  const tag = parseReference(reference).tag ?? "latest";
  const size = Number(at(result, "sizeBytes") ?? 0);
  scope.print(
    flags.has("quiet")
      ? formatReference(parseReference(reference))
      : `${tag}: digest: ${textAt(result, "digest")} size: ${size}`,
  );
};

/** @returns the last line of the engine's answer */
async function push(reference: string, scope: CommandScope): Promise<unknown> {
  const { registryHost } = parseReference(reference);
  const credentials = await findCredentials(registryHost, scope);
  const body = { reference, ...(credentials !== undefined && { credentials }) };
  for await (const line of scope.client.lines("POST", "/berth/push", body)) {
    const message: unknown = JSON.parse(line);
    const error = textAt(message, "error");
    if (error !== "") throw new CliError(error);
    if (at(message, "stream") === undefined) return message;
    scope.note(textAt(message, "stream"));
  }
  throw new CliError(`cannot push ${reference}: the engine went away before it was done`);
}

/** A helper that fails is told of; there are registries that want no login. */
async function findCredentials(
  registryHost: string,
  scope: CommandScope,
): Promise<Credentials | undefined> {
  try {
    return await dockerCredentials(toLoginScope(scope))(registryHost);
  } catch (error) {
    scope.note(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}
