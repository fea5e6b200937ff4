import { describe, expect, it } from "vitest";
import { parseCommand } from "../../../src/core/programs/command.ts";
import { planExec } from "../../../src/core/programs/exec-plan.ts";
import {
  isMissingProgram,
  tellsOfMissingProgram,
} from "../../../src/core/programs/missing-program.ts";
import { OutputHead } from "../../../src/core/programs/output-head.ts";
import { OutputTail } from "../../../src/core/programs/output-tail.ts";
import { errorCode } from "../../../src/errors/container-error.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
}

describe("OutputHead", () => {
  it("keeps so many bytes of both outputs together, as they came", () => {
    const head = new OutputHead(6);
    head.take("stdout", bytes("abc"));
    head.take("stderr", bytes("12"));
    expect(head.isTruncated).toBe(false);
    head.take("stdout", bytes("def"));
    head.take("stderr", bytes("3"));
    expect([head.text("stdout"), head.text("stderr"), head.isTruncated]).toEqual([
      "abcd",
      "12",
      true,
    ]);
  });

  it("is not truncated by the very last byte", () => {
    const head = new OutputHead(3);
    head.take("stdout", bytes("abc"));
    expect(head.isTruncated).toBe(false);
    head.take("stdout", bytes(""));
    expect(head.isTruncated).toBe(false);
  });

  it("keeps a copy, and joins letters that came in parts", () => {
    const head = new OutputHead(100);
    const [first = 0, second = 0] = bytes("ü");
    const buffer = Uint8Array.of(first);
    head.take("stdout", buffer);
    buffer[0] = second;
    head.take("stdout", buffer);
    expect(head.text("stdout")).toBe("ü");
  });

  it("keeps a byte order mark, and shows what is no text", () => {
    const head = new OutputHead(100);
    head.take("stdout", Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xff));
    expect(head.text("stdout")).toBe("\uFEFFa\uFFFD");
  });
});

describe("OutputTail", () => {
  it.each([
    [["abc"], "abc"],
    [["abc", "de"], "abcde"],
    [["abc", "def", "g"], "cdefg"],
    [["abcdefghij"], "fghij"],
    [["abc", ""], "abc"],
    [["abc", "defgh"], "defgh"],
    [["aüüüü"], "üü"],
  ])("keeps the last five bytes of %j", (parts, expected) => {
    const tail = new OutputTail(5);
    for (const part of parts) tail.take(bytes(part));
    expect(tail.text).toBe(expected);
  });

  it("shows a beginning that is no text where nothing was cut", () => {
    const tail = new OutputTail(5);
    tail.take(Uint8Array.of(0xbf, 0x61));
    expect(tail.text).toBe("\uFFFDa");
  });
});

describe("parseCommand()", () => {
  it.each([["ls -l"], [[]], [[""]], [["a", 1]], [["a\0"]], [["ls", "a\0"]], [undefined], [null]])(
    "refuses %j",
    (command) => {
      expect(codeOf(() => parseCommand(command))).toBe("INVALID_ARGUMENT");
    },
  );

  it.each([
    ["ls -l", 'Cannot run "ls -l": '],
    [["a", 1], 'Cannot run ["a",1]: '],
    [undefined, "Cannot run nothing: "],
  ])("tells of %j and of what to use", (command, text) => {
    expect(() => parseCommand(command)).toThrow(text);
    expect(() => parseCommand(command)).toThrow(/use a list of texts such as \["ls", "-l"\]/);
  });

  it("takes arguments of any kind, empty ones as well", () => {
    expect(parseCommand(["ls", "", "-l a"])).toEqual(["ls", "", "-l a"]);
  });
});

describe("planExec()", () => {
  it("has defaults", () => {
    const plan = planExec(["true"], {}, 10);
    expect(plan).toStrictEqual({
      argv: ["true"],
      timeoutMs: 900_000,
      maxOutputBytes: 10,
      options: {},
    });
  });

  it("takes the largest of sizes", () => {
    const settings = { maxOutputBytes: Infinity, pty: { columns: 65_535, rows: 65_535 } };
    expect(planExec(["true"], settings, 10)).toMatchObject({
      maxOutputBytes: Infinity,
      options: { pty: { cols: 65_535, rows: 65_535 } },
    });
  });

  it("hands on what the runtime knows", () => {
    const settings = {
      ...{ timeout: "1s", maxOutputBytes: 5, env: { A: "b" }, cwd: "/tmp", user: "1:2" },
      pty: { columns: 100 },
    };
    expect(planExec(["true"], settings, 10)).toEqual({
      argv: ["true"],
      timeoutMs: 1_000,
      maxOutputBytes: 5,
      options: { env: { A: "b" }, cwd: "/tmp", user: "1:2", pty: { cols: 100, rows: 24 } },
    });
    expect(planExec(["true"], { pty: true }, 1).options).toEqual({ pty: true });
    expect(planExec(["true"], { pty: false }, 1).options).toEqual({});
  });

  it.each([
    [{ timeout: "soon" }, "INVALID_DURATION"],
    [{ maxOutputBytes: 0 }, "INVALID_ARGUMENT"],
    [{ maxOutputBytes: 1.5 }, "INVALID_ARGUMENT"],
    [{ env: { "A=B": "c" } }, "INVALID_ENV"],
    [{ cwd: "" }, "INVALID_ARGUMENT"],
    [{ user: "a\0" }, "INVALID_ARGUMENT"],
    [{ pty: { columns: 0 } }, "INVALID_ARGUMENT"],
    [{ pty: { rows: 65_536 } }, "INVALID_ARGUMENT"],
    [{ pty: { rows: Infinity } }, "INVALID_ARGUMENT"],
  ])("refuses %j", (settings, code) => {
    expect(codeOf(() => planExec(["true"], settings, 10))).toBe(code);
  });

  it.each([
    [{ timeout: "soon" }, /timeout.*"soon"/],
    [{ maxOutputBytes: 0 }, /maxOutputBytes: 0 .*whole number from 1$/],
    [{ pty: { columns: 0 } }, /columns: 0 .*whole number from 1 to 65535$/],
    [{ pty: { rows: 1.5 } }, /rows: 1\.5 .*whole number from 1 to 65535$/],
    [{ cwd: "" }, /cwd: "" .*text of one letter or more/],
    [{ user: "" }, /user: "" .*text of one letter or more/],
  ])("names setting, value and fix of %j", (settings, text) => {
    expect(() => planExec(["true"], settings, 10)).toThrow(text);
  });

  it("refuses what is no text of a caller without types", () => {
    const plan = (): unknown => Reflect.apply(planExec, undefined, [["true"], { cwd: 5 }, 10]);
    expect(plan).toThrow(/^\[INVALID_ARGUMENT\] Cannot use cwd: 5 /);
  });
});

describe("isMissingProgram()", () => {
  it.each([
    ["nope", 127, "sh: 1: exec: nope: not found\n"],
    ["/no/x", 127, "sh: 1: exec: /no/x: not found\n"],
    ["nope", 127, "sh: exec: line 0: nope: not found\n"],
    ["nope", 127, "sh: exec: line 12: nope: not found\n"],
    ["nope", 127, "sh: line 1: exec: nope: not found\n"],
    ["/etc/passwd", 126, "sh: 1: exec: /etc/passwd: Permission denied\n"],
  ])("knows what shells say of %s", (program, exitCode, stderr) => {
    expect(isMissingProgram(program, exitCode, stderr)).toBe(true);
  });

  it.each([
    ["sh", 127, "sh: 1: nope: not found\n"],
    ["sh", 127, "sh: 1: exec: nope: not found\n"],
    ["nope", 1, "sh: 1: exec: nope: not found\n"],
    ["nope", 127, ""],
    ["nope", null, "sh: 1: exec: nope: not found\n"],
    ["nope", 127, "sh: 1: exec: nope: not found\nsomething\n"],
    ["nope", 127, "something\nsh: 1: exec: nope: not found\n"],
  ])("leaves what %s itself says alone", (program, exitCode, stderr) => {
    expect(isMissingProgram(program, exitCode, stderr)).toBe(false);
  });

  it("knows what a runtime without a shell says", () => {
    expect(tellsOfMissingProgram('exec: "x": executable file not found in $PATH: unknown')).toBe(
      true,
    );
    expect(tellsOfMissingProgram("Network connection lost.")).toBe(false);
  });
});
