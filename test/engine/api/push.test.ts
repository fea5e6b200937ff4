import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { PushRequest } from "../../../src/engine/api/engine-context.ts";
import { startApi, type ApiFixture } from "./fakes/api-fixture.ts";

let api: ApiFixture;
const asked: Partial<PushRequest>[] = [];
let result: () => Promise<{ digest: string; sizeBytes: number }>;
beforeEach(async () => {
  asked.length = 0;
  result = () => Promise.resolve({ digest: "sha256:d", sizeBytes: 7 });
  api = await startApi({
    overrides: {
      push: (_image, { reference, credentials, log }) => {
        asked.push({ reference, credentials });
        log("going");
        return result();
      },
    },
  });
});
afterEach(() => api[Symbol.asyncDispose]());

async function push(body: object): Promise<readonly unknown[]> {
  const { bytes } = await api.send("POST", "/berth/push", body);
  return bytes
    .toString()
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

describe("POST /berth/push", () => {
  it.each([
    [{ kind: "basic", username: "u", password: "p" }],
    [{ kind: "identity-token", token: "t" }],
  ])("sends an image with the login that came along, and tells how it goes: %j", async (login) => {
    expect(await push({ reference: "app:latest", credentials: login })).toEqual([
      { stream: "going" },
      { digest: "sha256:d", sizeBytes: 7 },
    ]);
    expect(asked).toEqual([{ reference: "app:latest", credentials: login }]);
  });

  it("tells why it failed", async () => {
    result = () => Promise.reject(new Error("denied"));
    expect(await push({ reference: "app:latest" })).toEqual([
      { stream: "going" },
      { error: "denied" },
    ]);
  });

  it("refuses what is not here, and a request without a name", async () => {
    expect(await api.send("POST", "/berth/push", { reference: "none:1" })).toMatchObject({
      status: 404,
      json: { message: expect.stringContaining("no such image: none:1") },
    });
    expect((await api.send("POST", "/berth/push", {})).status).toBe(400);
    expect(asked).toEqual([]);
  });
});
