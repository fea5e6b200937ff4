import { describe, expect, it } from "vitest";
import { CODES, isCode } from "../../src/errors/codes.ts";
import { ContainerError } from "../../src/errors/container-error.ts";
import { toResponse } from "../../src/errors/to-response.ts";
import { LOCAL, PRODUCTION } from "./corpus.ts";

describe("toResponse()", () => {
  it("answers with status, code, a marker header and no caching", async () => {
    const response = toResponse(
      new ContainerError("MAX_INSTANCES", "Cannot start 10.0.0.1"),
      "r-1",
    );
    expect(response.status).toBe(503);
    expect(response.headers.get("x-berth-error")).toBe("MAX_INSTANCES");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await response.json()).toEqual({
      error: {
        code: "MAX_INSTANCES",
        message: "Temporarily unavailable, try again later",
        retryable: true,
        requestId: "r-1",
      },
    });
  });

  it("leaves requestId out when there is none", async () => {
    const body: unknown = await toResponse(new ContainerError("NO_PORT", "x")).json();
    expect(body).toEqual({
      error: { code: "NO_PORT", message: "Internal error", retryable: false },
    });
  });

  it.each([
    [1, "1"],
    [1_000, "1"],
    [1_001, "2"],
    [59_500, "60"],
    [0, "1"],
  ])("rounds a wait of %i ms up to Retry-After: %s", (retryAfterMs, header) => {
    const response = toResponse(new ContainerError("NO_INSTANCE", "x", { retryAfterMs }));
    expect(response.headers.get("retry-after")).toBe(header);
  });

  it("sends no Retry-After when trying again cannot help", () => {
    expect(toResponse(new ContainerError("NO_PORT", "x")).headers.has("retry-after")).toBe(false);
  });

  it("maps capacity errors of the runtime to 503 and 429 with Retry-After", () => {
    const full = toResponse(new Error("Maximum number of running container instances exceeded"));
    const fast = toResponse(new Error("you are requesting too many containers per second"));
    expect([full.status, full.headers.get("retry-after")]).toEqual([503, "10"]);
    expect([fast.status, fast.headers.get("retry-after")]).toEqual([429, "1"]);
  });

  it.each([...LOCAL, ...PRODUCTION])("shows nothing of: $text", async ({ text }) => {
    const response = toResponse(new Error(text));
    const shown = (await response.text()) + JSON.stringify([...response.headers]);
    expect(shown).not.toContain(text);
    expect(shown).not.toMatch(/\d+\.\d+\.\d+\.\d+|sidecar|proxy-everything/);
  });

  it.each(Object.keys(CODES).filter(isCode))("has a public text for %s", async (code) => {
    const body = await toResponse(new ContainerError(code, "secret")).text();
    expect(body).not.toContain("secret");
    expect(body).toMatch(/Temporarily unavailable|cannot be served|Internal error/);
  });

  it("tells a client's mistake from ours", async () => {
    const text = (error: ContainerError): Promise<string> => toResponse(error).text();
    expect(await text(new ContainerError("INVALID_SESSION", "x"))).toContain("cannot be served");
    expect(await text(new ContainerError("NO_CONTAINER", "x"))).toContain("Internal error");
  });
});
