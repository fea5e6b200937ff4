import { describe, expect, it } from "vitest";
import { createPortHint } from "../../../src/engine/api/port-hint.ts";

describe("createPortHint()", () => {
  it("hints once at a port that the image does not expose", () => {
    const hints: string[] = [];
    const hint = createPortHint((text) => hints.push(text));
    hint({ image: "app", exposedPorts: [8080] }, 9000);
    hint({ image: "app", exposedPorts: [8080] }, 9000);
    expect(hints).toEqual([expect.stringMatching(/port 9000 of app.*EXPOSEs 8080/)]);
  });

  it("says nothing of ports exposed, of images that expose none, and of the port that tcp() asks", () => {
    const hints: string[] = [];
    const hint = createPortHint((text) => hints.push(text));
    hint({ image: "app", exposedPorts: [8080] }, 8080);
    hint({ image: "bare", exposedPorts: [] }, 9000);
    hint({ image: "app", exposedPorts: [8080] }, 1);
    expect(hints).toEqual([]);
  });
});
