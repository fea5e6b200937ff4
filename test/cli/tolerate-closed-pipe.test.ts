import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";

import { tolerateClosedPipe } from "../../src/cli/tolerate-closed-pipe.ts";

function failingWith(code: string): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
  });
}

describe("tolerateClosedPipe()", () => {
  it("lets a reader go away", async () => {
    const stream = failingWith("EPIPE");
    tolerateClosedPipe(stream);
    const closed = new Promise((resolve) => stream.once("close", resolve));
    stream.write("x");
    await closed;
    expect(stream.errored).toMatchObject({ code: "EPIPE" });
  });

  it("hides no other failure", () => {
    const stream = failingWith("EIO");
    tolerateClosedPipe(stream);
    const error = Object.assign(new Error("EIO"), { code: "EIO" });
    expect(() => stream.emit("error", error)).toThrow("EIO");
  });
});
