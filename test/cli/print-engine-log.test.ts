import { describe, expect, it } from "vitest";

import type { EngineLog } from "../../src/engine/engine-log.ts";
import { instanceName } from "../../src/cli/instance-name.ts";
import { createPalette, painterOf } from "../../src/cli/palette.ts";
import { createLogPrinter } from "../../src/cli/print-engine-log.ts";

const ID = "3f9a2c".padEnd(64, "0");
const CONTAINER = `workerd-0123456789abcdef-my-worker-Session-${ID}`;
const of = { container: CONTAINER, image: "a:1" };

describe("instanceName()", () => {
  it.each([
    [CONTAINER, "Session 3f9a2c"],
    [`workerd-my-worker-Session-${ID}`, "Session 3f9a2c"],
    ["mine", "mine"],
  ])("shortens %s to %s", (container, expected) => {
    expect(instanceName(container)).toBe(expected);
  });
});

describe("createLogPrinter()", () => {
  it.each<[event: EngineLog, stream: "out" | "err", text: string]>([
    [
      { kind: "container-output", ...of, stream: "stdout", line: "hello" },
      "out",
      "[Session 3f9a2c] hello",
    ],
    [
      { kind: "container-output", ...of, stream: "stderr", line: "oops" },
      "err",
      "[Session 3f9a2c] oops",
    ],
    [{ kind: "container-started", ...of }, "err", "[Session 3f9a2c] started (a:1)"],
    [
      { kind: "container-exited", ...of, exitCode: 3 },
      "err",
      "[Session 3f9a2c] ended with exit code 3",
    ],
    [
      { kind: "container-exited", ...of, exitCode: 137, isOutOfMemory: true },
      "err",
      "[Session 3f9a2c] ended: out of memory; raise instance_type in the wrangler configuration",
    ],
    [{ kind: "container-exited", ...of }, "err", "[Session 3f9a2c] ended"],
    [{ kind: "notice", message: "something" }, "err", "berth: something"],
    [
      {
        kind: "image-built",
        tag: "a:1",
        imageId: `sha256:${ID}`,
        dockerfile: "",
        contextDir: "/",
        buildArgs: {},
      },
      "err",
      "berth: built a:1 (sha256:3f9a2c000000)",
    ],
  ])("prints %j", (event, stream, text) => {
    const lines: string[] = [];
    const print = createLogPrinter(
      { stdout: (line) => lines.push(`out ${line}`), stderr: (line) => lines.push(`err ${line}`) },
      createPalette(false),
    );
    print(event);
    expect(lines).toEqual([`${stream} ${text}`]);
  });

  it("paints an instance always alike, and some apart", () => {
    const palette = createPalette(true);
    const painted = ["A 000001", "A 000002", "B 000003", "C 00000f"].map((name) =>
      painterOf(name, palette)("x"),
    );
    expect(painterOf("A 000001", palette)("x")).toBe(painted[0]);
    expect(new Set(painted).size).toBeGreaterThan(1);
  });
});
