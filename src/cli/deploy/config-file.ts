import { chmod, readFile, realpath, stat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";

import { applyEdits, modify, parse as parseJsonc, type ParseError } from "jsonc-parser";

import { ImageError } from "../../images/image-error.ts";
import { writeAtomically } from "../../images/write-atomically.ts";

/** Where a value is in a configuration: keys, and places in lists. */
export type ConfigPath = readonly (string | number)[];

/** A value to set. */
export interface ConfigEdit {
  readonly path: ConfigPath;
  readonly value: unknown;
}

/** The text of a wrangler configuration. */
export interface ConfigFile {
  readonly path: string;
  readonly format: "jsonc" | "toml";
  readonly text: string;
  /** What it says. */
  readonly value: unknown;
}

/**
 * Reads a wrangler configuration.
 *
 * @throws {ImageError} CONFIG_NOT_EDITABLE when it can't be read
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw notEditable(path, cause instanceof Error ? cause.message : String(cause));
  });
  const format = path.endsWith(".toml") ? "toml" : "jsonc";
  return { path, format, text, value: await parseText(text, format, path) };
}

/**
 * Sets values in a configuration, and nothing else: comments and formatting stay.
 *
 * @returns the new text
 * @throws {ImageError} CONFIG_NOT_EDITABLE when the text can't be edited safely
 */
export async function editConfig(file: ConfigFile, edits: readonly ConfigEdit[]): Promise<string> {
  const expected = edits.reduce(withValue, file.value);
  const text = file.format === "toml" ? await editToml(file, expected) : editJsonc(file, edits);
  // The proof that just this changed, whatever the libraries made of an unusual file.
  if (isDeepStrictEqual(await parseText(text, file.format, file.path), expected)) return text;
  throw notEditable(file.path, "the edit would change more than the image");
}

/** Writes a new text: a reader sees the old one or the new. A link stays one, and the mode. */
export async function replaceConfig(path: string, text: string): Promise<void> {
  const filePath = await realpath(path);
  const { mode } = await stat(filePath);
  await writeAtomically(filePath, text);
  await chmod(filePath, mode & 0o7777);
}

/** @returns what is at a path, undefined when nothing is */
export function valueAt(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, key)
        ? Reflect.get(at, key)
        : undefined,
    value,
  );
}

/** Makes the error of a configuration that has to be edited by hand. */
export function notEditable(path: string, why: string): ImageError {
  return new ImageError(
    "CONFIG_NOT_EDITABLE",
    `Cannot write the image to ${path}: ${why}; write it there by hand`,
  );
}

function editJsonc(file: ConfigFile, edits: readonly ConfigEdit[]): string {
  const indent = /^([ \t]+)\S/m.exec(file.text)?.[1] ?? "  ";
  const formattingOptions = {
    insertSpaces: !indent.includes("\t"),
    tabSize: indent.includes("\t") ? 4 : indent.length,
    eol: file.text.includes("\r\n") ? "\r\n" : "\n",
  };
  return edits.reduce(
    (text, { path, value }) =>
      applyEdits(text, modify(text, [...path], value, { formattingOptions })),
    file.text,
  );
}

async function editToml(file: ConfigFile, expected: unknown): Promise<string> {
  const { patch: patchToml } = await import("@decimalturn/toml-patch");
  try {
    return patchToml(file.text, expected);
  } catch (cause) {
    throw notEditable(file.path, cause instanceof Error ? cause.message : String(cause));
  }
}

async function parseText(
  text: string,
  format: ConfigFile["format"],
  path: string,
): Promise<unknown> {
  if (format === "toml") {
    const { parse: parseToml } = await import("@decimalturn/toml-patch");
    try {
      return plain(parseToml(text));
    } catch (cause) {
      throw notEditable(path, cause instanceof Error ? cause.message : String(cause));
    }
  }
  const errors: ParseError[] = [];
  const value: unknown = parseJsonc(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first === undefined) return value;
  const line = text.slice(0, first.offset).split("\n").length;
  throw notEditable(path, `line ${line} is no JSON`);
}

/** TOML's tables without their prototypes' marks, dates as they are. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}

function withValue(value: unknown, { path, value: wanted }: ConfigEdit): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return wanted;
  const next = withValue(valueAt(value, [key]), { path: rest, value: wanted });
  if (Array.isArray(value)) return value.map((entry: unknown, at) => (at === key ? next : entry));
  return { ...(typeof value === "object" && value !== null ? value : {}), [key]: next };
}
