import { DockerfileParser, type Instruction as Node, type ParserDirective } from "dockerfile-ast";

import { ImageError } from "../image-error.ts";
import type { InlineDocument, Instruction, InstructionFlag } from "./instruction.ts";

/** A Dockerfile's instructions and how it escapes. */
export interface ParsedDockerfile {
  readonly instructions: readonly Instruction[];
  /** The escape character: a backslash, or a backtick by parser directive. */
  readonly escape: string;
}

/**
 * Splits a Dockerfile into instructions. What they mean is not looked at; only their borders,
 * flags and heredocs come from the parser, since it joins and expands values in its own way.
 *
 * @throws {ImageError} DOCKERFILE_UNSUPPORTED for a parser directive that changes the language
 */
export function parseDockerfile(text: string): ParsedDockerfile {
  const normalized = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  const dockerfile = DockerfileParser.parse(normalized);
  for (const directive of dockerfile.getDirectives()) checkDirective(directive);
  const escape = dockerfile.getEscapeCharacter();
  const lines = normalized.split("\n");
  const instructions = dockerfile
    .getInstructions()
    .map((node) => toInstruction(node, lines, escape));
  return { instructions, escape };
}

function checkDirective(directive: ParserDirective): void {
  const name = directive.getName().toLowerCase();
  const value = directive.getValue();
  const line = directive.getRange().start.line + 1;
  const isDockerSyntax = /^(docker\.io\/)?docker\/dockerfile(-upstream)?([:@]|$)/.test(value);
  if (name === "syntax" && !isDockerSyntax) {
    throw new ImageError(
      "DOCKERFILE_UNSUPPORTED",
      `Cannot build line ${line}: syntax=${value}; only Docker's own syntax is understood`,
      { line },
    );
  }
}

function toInstruction(node: Node, lines: readonly string[], escape: string): Instruction {
  const { start, end } = node.getRange();
  const own = lines.slice(start.line, end.line + 1);
  const joined = joinLines(own, escape);
  const afterKeyword = joined.text.replace(/^\s*\S+\s*/, "");
  const { flags, rest } = takeFlags(afterKeyword);
  const bodies = own.slice(joined.lineCount);
  return {
    line: start.line + 1,
    keyword: node.getKeyword(),
    flags,
    text: rest,
    heredocs: bodies.length > 0 ? splitHeredocs(rest, bodies) : [],
    script: [rest, ...bodies].join("\n"),
  };
}

/** Joins the first logical line; what follows it in the instruction are bodies of heredocs. */
function joinLines(
  lines: readonly string[],
  escape: string,
): { readonly text: string; readonly lineCount: number } {
  let text = "";
  for (const [index, line] of lines.entries()) {
    const isSkipped = index > 0 && /^\s*(#.*)?$/.test(line);
    if (isSkipped) continue;
    const trimmed = line.trimEnd();
    if (!trimmed.endsWith(escape)) {
      return { text: (text + line).trim(), lineCount: index + 1 };
    }
    text += trimmed.slice(0, -1);
  }
  return { text: text.trim(), lineCount: lines.length };
}

function takeFlags(text: string): {
  readonly flags: readonly InstructionFlag[];
  readonly rest: string;
} {
  const flags: InstructionFlag[] = [];
  let rest = text;
  for (;;) {
    const match = /^--([a-z][a-z-]*)(?:=(\S*))?(?:\s+|$)/.exec(rest);
    if (match?.[1] === undefined) return { flags, rest };
    flags.push({ name: match[1], value: match[2] ?? "" });
    rest = rest.slice(match[0].length);
  }
}

function splitHeredocs(text: string, bodies: readonly string[]): readonly InlineDocument[] {
  const heredocs: InlineDocument[] = [];
  let at = 0;
  for (const match of text.matchAll(/(?<![\w<])\d*<<(-?)(["']?)([^\s"'<>]+)\2/g)) {
    const [, dash, quote, name] = match;
    if (name === undefined) continue;
    const cut = (line: string): string => (dash === "-" ? line.replace(/^\t+/, "") : line);
    const endAt = bodies.findIndex((line, index) => index >= at && cut(line) === name);
    const until = endAt === -1 ? bodies.length : endAt;
    const body = bodies.slice(at, until).map((line) => `${cut(line)}\n`);
    heredocs.push({ name, body: body.join(""), isExpanded: quote === "" });
    at = until + 1;
  }
  return heredocs;
}
