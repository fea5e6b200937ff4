import { describe, expect, it } from "vitest";

import {
  addressAnswer,
  answerCode,
  hasAddress,
  readQuestion,
  refusal,
} from "../../../src/engine/pod/name-message.ts";
import { matchNames } from "../../../src/engine/pod/name-patterns.ts";
import { answerQuery, type NameServiceSource } from "../../../src/engine/pod/name-service.ts";

const [a, txt, aaaa, https, any] = [1, 16, 28, 65, 255];

function query(name: string, type: number): Buffer {
  const labels = name.split(".").flatMap((label) => [label.length, ...Buffer.from(label)]);
  const head = [0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  return Buffer.from([...head, ...labels, 0, type >> 8, type & 255, 0, 1]);
}

/** What an answer says: its code, and the last four bytes when there is an address. */
async function ask(
  name: string,
  type: number,
  { patterns, upstream }: { readonly patterns: readonly string[]; readonly upstream?: unknown },
): Promise<string> {
  const source: NameServiceSource = {
    isEnabled: () => upstream !== undefined,
    isAllowed: matchNames(patterns),
    forward: (asked) =>
      Promise.resolve(typeof upstream === "function" ? upstream(asked) : undefined),
  };
  const answer = await answerQuery(query(name, type), source);
  const address = hasAddress(answer) ? [...answer.subarray(-4)].join(".") : "none";
  return `${answerCode(answer)} ${address}`;
}

const found = (asked: Buffer): Buffer => addressAnswer(asked, [10, 1, 2, 3]);
const missing = (asked: Buffer): Buffer => refusal(asked, 3);
const silent = (): undefined => undefined;

describe("answerQuery()", () => {
  const patterns = ["a.example"];

  it.each([
    ["off, not allowed", "b.example", a, undefined, "3 none"],
    ["off, allowed", "A.Example", a, undefined, "0 192.0.2.1"],
    ["off, allowed, any", "a.example", any, undefined, "0 192.0.2.1"],
    ["off, allowed, IPv6", "a.example", aaaa, undefined, "0 none"],
    ["off, allowed, text", "a.example", txt, undefined, "0 none"],
    ["off, not allowed, IPv6", "b.example", aaaa, undefined, "3 none"],
    ["on, found", "b.example", a, found, "0 10.1.2.3"],
    ["on, allowed and found", "a.example", a, found, "0 10.1.2.3"],
    ["on, allowed and missing", "a.example", a, missing, "0 192.0.2.1"],
    ["on, allowed and silent", "a.example", a, silent, "0 192.0.2.1"],
    ["on, missing", "b.example", a, missing, "3 none"],
    ["on, silent", "b.example", a, silent, "2 none"],
    ["on, IPv6", "b.example", aaaa, found, "0 none"],
    ["on, IPv6 of what is missing", "b.example", aaaa, missing, "3 none"],
    ["on, allowed, HTTPS record", "a.example", https, found, "0 none"],
    ["on, HTTPS record", "b.example", https, found, "0 10.1.2.3"],
    ["on, allowed, text", "a.example", txt, found, "0 10.1.2.3"],
  ])("%s", async (_case, name, type, upstream, said) => {
    expect(await ask(name, type ?? 0, { patterns, upstream })).toBe(said);
  });

  it("answers what is no question with what it can", async () => {
    const source = { isEnabled: () => false, isAllowed: () => true, forward: silent };
    const broken = query("a.example", 1).subarray(0, 16);
    const answer = await answerQuery(broken, {
      ...source,
      forward: () => Promise.resolve(undefined),
    });
    expect(answerCode(answer)).toBe(3);
    expect(readQuestion(broken)).toBeUndefined();
  });
});

describe("matchNames()", () => {
  it.each([
    ["*", "any.thing", true],
    ["*.example", "a.b.example", true],
    ["*.example", "example", false],
    ["a*.example.", "abc.example", true],
    ["A.Example", "a.example", true],
    ["a.example", "a-example", false],
    ["", "", false],
  ])("%s takes %s: %s", (pattern, name, isTaken) => {
    expect(matchNames([pattern])(name)).toBe(isTaken);
  });
});
