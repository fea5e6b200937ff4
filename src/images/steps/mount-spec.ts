import type { Instruction } from "../dockerfile/instruction.ts";
import { invalidAt, unsupportedAt } from "./step.ts";

/** What one `RUN --mount=…` asks for. */
export interface MountSpec {
  readonly kind: "bind" | "cache" | "tmpfs" | "secret";
  /** As it is written; undefined where the kind has a default. */
  readonly target: string | undefined;
  /** Of a bind: what is shown, from the root of the context, stage or image (default: the root). */
  readonly source: string;
  /** Of a bind: a stage or image (default: the build context). */
  readonly from: string | undefined;
  /** Of a cache or secret. */
  readonly id: string | undefined;
  /** Of a bind: yes by default; what is written is thrown away either way. */
  readonly isReadOnly: boolean;
  /** Of a secret: whether the build fails without it. */
  readonly isRequired: boolean;
  /** Permission bits of a new cache directory or of a secret. */
  readonly mode: number | undefined;
  /** Owner of a new cache directory or of a secret. */
  readonly uid: number;
  readonly gid: number;
}

const optionsOf: Readonly<Record<MountSpec["kind"], readonly string[]>> = {
  bind: ["target", "source", "from", "readonly", "readwrite"],
  cache: ["target", "id", "readonly", "readwrite", "sharing", "mode", "uid", "gid"],
  tmpfs: ["target"],
  secret: ["target", "id", "required", "mode", "uid", "gid"],
};
const aliases: Readonly<Record<string, string>> = {
  ...{ dst: "target", destination: "target", src: "source" },
  ...{ ro: "readonly", rw: "readwrite" },
};

/**
 * Reads the value of `--mount`.
 *
 * @throws {ImageError} DOCKERFILE_UNSUPPORTED for a kind or option that is not known, by line and
 *   name; DOCKERFILE_INVALID without a target
 */
export function parseMount(text: string, instruction: Instruction): MountSpec {
  const options = readOptions(text);
  const kind = options.get("type") ?? "bind";
  if (!isKind(kind)) {
    const known = Object.keys(optionsOf).join(", ");
    throw unsupportedAt(instruction, `--mount=${text}`, `known types are ${known}`);
  }
  for (const name of options.keys()) {
    if (name === "type" || optionsOf[kind].includes(name)) continue;
    const known = optionsOf[kind].join(", ");
    throw unsupportedAt(instruction, `--mount=${text} (${name})`, `of ${kind} known are ${known}`);
  }
  if (!options.has("target") && kind !== "secret") {
    throw invalidAt(instruction, `--mount=${text} has no target`);
  }
  return toSpec(kind, options);
}

function toSpec(kind: MountSpec["kind"], options: ReadonlyMap<string, string>): MountSpec {
  const isAsked = (name: string): boolean => options.has(name) && options.get(name) !== "false";
  const numberOf = (name: string, base: 8 | 10): number | undefined =>
    options.has(name) ? Number.parseInt(options.get(name) ?? "", base) : undefined;
  return {
    ...{ kind, target: options.get("target"), from: options.get("from"), id: options.get("id") },
    source: options.get("source") ?? "/",
    isReadOnly: kind === "bind" ? !isAsked("readwrite") : isAsked("readonly"),
    isRequired: isAsked("required"),
    mode: numberOf("mode", 8),
    uid: numberOf("uid", 10) ?? 0,
    gid: numberOf("gid", 10) ?? 0,
  };
}

function readOptions(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(",").map((option) => {
    const [name = "", ...value] = option.split("=");
    const known = aliases[name.toLowerCase()] ?? name.toLowerCase();
    return [known, value.length === 0 ? "true" : value.join("=")] as const;
  });
  return new Map(pairs);
}

function isKind(kind: string): kind is MountSpec["kind"] {
  return Object.hasOwn(optionsOf, kind);
}
