import { describe, expect, it } from "vitest";
import { FakeContainer } from "../../src/testing/fake-container.ts";
import { installContainer } from "../../src/testing/install-container.ts";

describe("installContainer()", () => {
  it("gives the same object a container, also in place of one it has", () => {
    const ctx = { id: "a", container: undefined };
    const first = new FakeContainer();
    expect(installContainer(ctx, first)).toBe(ctx);
    expect(ctx.container).toBe(first);
    const second = new FakeContainer();
    installContainer(ctx, second);
    expect(ctx.container).toBe(second);
    expect(ctx.id).toBe("a");
  });
});
