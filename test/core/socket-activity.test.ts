import { describe, expect, it } from "vitest";
import { isSocketActivity } from "../../src/core/socket-activity.ts";

describe("isSocketActivity()", () => {
  it("counts messages of both ends when any do", () => {
    expect(isSocketActivity("any", "ping", "client")).toBe(true);
    expect(isSocketActivity("any", "ping", "container")).toBe(true);
  });

  it("counts the client's messages only when the app's do not", () => {
    expect(isSocketActivity("client", "ping", "client")).toBe(true);
    expect(isSocketActivity("client", "ping", "container")).toBe(false);
  });

  it("counts what a function says, given the message and where it came from", () => {
    const rule = (message: unknown, from: string): boolean =>
      from === "client" && message !== "ping";
    expect(isSocketActivity(rule, "text", "client")).toBe(true);
    expect(isSocketActivity(rule, "ping", "client")).toBe(false);
    expect(isSocketActivity(rule, new ArrayBuffer(1), "container")).toBe(false);
  });

  it("counts a message that the function fails on", () => {
    const rule = (message: string | ArrayBuffer): boolean =>
      JSON.parse(String(message)).type !== "ping";
    expect(isSocketActivity(rule, '{"type":"ping"}', "client")).toBe(false);
    expect(isSocketActivity(rule, "no JSON", "client")).toBe(true);
  });
});
