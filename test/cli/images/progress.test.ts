import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";

import { createLineDisplay } from "../../../src/cli/images/progress/line-display.ts";
import { openDisplay } from "../../../src/cli/images/progress/open-display.ts";
import type { TransferProgress } from "../../../src/images/registry/transfer-progress.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

function news(state: TransferProgress["state"], doneBytes = 0): TransferProgress {
  return { digest: DIGEST, totalBytes: 2_000_000, doneBytes, state };
}

/** What openDisplay() takes for a terminal, and what it wrote there. */
class FakeTerminal extends PassThrough {
  readonly columns = 80;
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  get text(): string {
    return String(this.read() ?? "");
  }
}

describe("createLineDisplay()", () => {
  function open(): {
    lines: string[];
    clock: { nowMs: number };
    follow: (news: TransferProgress) => void;
    close: () => void;
  } {
    const lines: string[] = [];
    const clock = { nowMs: 0 };
    const display = createLineDisplay({
      write: (line) => lines.push(line),
      nowMs: () => clock.nowMs,
    });
    return { lines, clock, follow: display.follow("push"), close: display.close };
  }

  it("says when a blob begins and when it is there, and little between", () => {
    const { lines, clock, follow } = open();
    follow(news("waiting"));
    for (let doneBytes = 0; doneBytes < 2_000_000; doneBytes += 1000) {
      clock.nowMs += 15;
      follow(news("moving", doneBytes));
    }
    follow(news("done", 2_000_000));
    expect(lines).toEqual([
      "push abababababab: 2.00 MB",
      expect.stringMatching(/^push abababababab: 667 kB of 2.00 MB$/),
      expect.stringMatching(/^push abababababab: 1.33 MB of 2.00 MB$/),
      "push abababababab: done, 2.00 MB",
    ]);
  });

  it.each([
    ["present", "push abababababab: already there"],
    ["mounted", "push abababababab: taken from another repository there"],
    ["retrying", "push abababababab: interrupted at 5.00 kB of 2.00 MB, trying again"],
  ] as const)("says %s in words", (state, expected) => {
    const { lines, follow } = open();
    follow(news(state, 5000));
    expect(lines).toEqual([expected]);
  });

  it("says nothing more after its end", () => {
    const { lines, follow, close } = open();
    close();
    follow(news("done"));
    expect(lines).toEqual([]);
  });
});

describe("openDisplay()", () => {
  it("shows bars on a terminal, the log above them, and gives the cursor back", async () => {
    const stream = new FakeTerminal(true);
    const display = await openDisplay({ stream, env: { TERM: "xterm" } });
    display.log("before");
    const follow = display.follow("push");
    follow(news("waiting"));
    follow(news("moving", 1_000_000));
    display.log("between");
    follow(news("done", 2_000_000));
    display.close();
    const { text } = stream;
    expect(text).toMatch(/^before\n/);
    expect(text).toMatch(/push abababababab \[={24}\] done, 2.00 MB/);
    expect(text).toContain("between\n");
    expect(text.lastIndexOf("\u001B[?25h")).toBeGreaterThan(text.lastIndexOf("\u001B[?25l"));
  });

  it("leaves the terminal alone when nothing travels", async () => {
    const stream = new FakeTerminal(true);
    const display = await openDisplay({ stream, env: {} });
    display.log("built");
    display.close();
    expect(stream.text).toBe("built\n");
  });

  it.each([
    ["a pipe", false, {}],
    ["a terminal of CI", true, { CI: "true" }],
    ["a dumb terminal", true, { TERM: "dumb" }],
  ])("writes plain lines to %s", async (_name, isTTY, env) => {
    const stream = new FakeTerminal(isTTY);
    const display = await openDisplay({ stream, env });
    display.follow("pull")(news("done", 2_000_000));
    display.close();
    expect(stream.text).toBe("pull abababababab: done, 2.00 MB\n");
  });

  it("takes CI=false for none", async () => {
    const stream = new FakeTerminal(true);
    const display = await openDisplay({ stream, env: { CI: "false" } });
    display.follow("pull")(news("done", 2_000_000));
    display.close();
    expect(stream.text).toContain("[========================]");
  });
});
