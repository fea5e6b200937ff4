import { resolve } from "node:path";

import { CliError } from "../cli-error.ts";

/**
 * Reads `--build-context`: "NAME=PATH", "NAME=oci-layout://PATH[:TAG]",
 * "NAME=docker-image://REFERENCE". Paths become absolute.
 *
 * @throws {CliError} BAD_OPTION
 */
export function parseBuildContexts(
  texts: readonly string[],
  cwd: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, scheme, source] =
        /^([^=]+)=(oci-layout:\/\/|docker-image:\/\/)?(.+)$/.exec(text) ?? [];
      if (name !== undefined && source !== undefined) {
        const isReference = scheme === "docker-image://";
        return [name, `${scheme ?? ""}${isReference ? source : resolve(cwd, source)}`];
      }
      throw new CliError(
        "BAD_OPTION",
        `Cannot use --build-context ${text}; write NAME=PATH, NAME=oci-layout://PATH or ` +
          "NAME=docker-image://REFERENCE",
      );
    }),
  );
}

/**
 * Reads `--secret`: "id=ID,src=PATH". Paths become absolute.
 *
 * @throws {CliError} BAD_OPTION
 */
export function parseSecrets(
  texts: readonly string[],
  cwd: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const fields = new Map(text.split(",").map((field) => toField(field)));
      const id = fields.get("id");
      const path = fields.get("src") ?? fields.get("source");
      if (id !== undefined && path !== undefined) return [id, resolve(cwd, path)];
      throw new CliError("BAD_OPTION", `Cannot use --secret ${text}; write id=ID,src=PATH`);
    }),
  );
}

function toField(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  return equals === -1 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}
