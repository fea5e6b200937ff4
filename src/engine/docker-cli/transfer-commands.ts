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
  const result = await transfer("push", reference, scope);
  const tag = parseReference(reference).tag ?? "latest";
  const size = Number(at(result, "sizeBytes") ?? 0);
  scope.print(
    flags.has("quiet")
      ? formatReference(parseReference(reference))
      : `${tag}: digest: ${textAt(result, "digest")} size: ${size}`,
  );
};

/** `docker pull`: the engine fetches; what is mapped to a Dockerfile is built. */
export const pullCommand: Command = async (scope) => {
  const flags = parseFlags(scope.args, {
    platform: { type: "string" },
    quiet: { type: "boolean", short: "q" },
  });
  const reference = onlyArgument(flags, "image");
  try {
    await transfer("pull", reference, scope);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      `${reason}\nAn image that is in no registry can be built: give a Dockerfile as "image" in ` +
        "the wrangler configuration, or map the reference to one: " +
        `berth dev --map-image ${reference}=./Dockerfile`,
      { cause },
    );
  }
  scope.print(reference);
};

/** @returns the last line of the engine's answer */
async function transfer(
  action: "pull" | "push",
  reference: string,
  scope: CommandScope,
): Promise<unknown> {
  const { registryHost } = parseReference(reference);
  const credentials = await findCredentials(registryHost, scope);
  const body = { reference, ...(credentials !== undefined && { credentials }) };
  for await (const line of scope.client.lines("POST", `/berth/${action}`, body)) {
    const message: unknown = JSON.parse(line);
    const error = textAt(message, "error");
    if (error !== "") throw new CliError(error);
    if (at(message, "stream") === undefined) return message;
    scope.note(textAt(message, "stream"));
  }
  throw new CliError(`cannot ${action} ${reference}: the engine went away before it was done`);
}

/** A helper that fails is told of; much can be pulled, or is here, without a login. */
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
