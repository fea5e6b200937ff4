import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { ImageTransfers, TransferRequest } from "../../../src/engine/api/engine-context.ts";
import { ImageError } from "../../../src/images/image-error.ts";
import { startApi, type ApiFixture } from "./fakes/api-fixture.ts";
import { fakeImage } from "./fakes/fake-image-store.ts";

let api: ApiFixture;
const asked: (readonly [string, Partial<TransferRequest>])[] = [];
let pulled: ImageTransfers["pull"];
beforeEach(async () => {
  asked.length = 0;
  pulled = () => Promise.resolve(fakeImage("reg.example/x:1"));
  api = await startApi({
    overrides: {
      transfers: {
        push: (image, { reference, credentials, log }) => {
          asked.push([image.tags[0] ?? "", { reference, credentials }]);
          log("going");
          return Promise.resolve({ digest: "sha256:d", sizeBytes: 7 });
        },
        pull: (request) => {
          asked.push(["", { reference: request.reference, credentials: request.credentials }]);
          return pulled(request);
        },
      },
    },
  });
});
afterEach(() => api[Symbol.asyncDispose]());

async function lines(path: string, body: object): Promise<readonly unknown[]> {
  const { bytes } = await api.send("POST", path, body);
  return bytes
    .toString()
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

describe("POST /berth/push", () => {
  it("moves an image with the login that came along, and tells how it goes", async () => {
    const credentials = { kind: "basic", username: "u", password: "p" };
    expect(await lines("/berth/push", { reference: "app:latest", credentials })).toEqual([
      { stream: "going" },
      { digest: "sha256:d", sizeBytes: 7 },
    ]);
    expect(asked).toEqual([["app:latest", { reference: "app:latest", credentials }]]);
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

describe("POST /berth/pull", () => {
  it("pulls, with an identity token too", async () => {
    const credentials = { kind: "identity-token", token: "t" };
    const [line] = await lines("/berth/pull", { reference: "reg.example/x:1", credentials });
    expect(line).toMatchObject({ reference: "reg.example/x:1", imageId: expect.any(String) });
    expect(asked).toEqual([["", { reference: "reg.example/x:1", credentials }]]);
  });

  it("needs no registry for the gateway's image", async () => {
    const reference = "cloudflare/proxy-everything:1";
    expect(await lines("/berth/pull", { reference })).toEqual([{ reference }]);
    expect(asked).toEqual([]);
  });

  it("makes do with what is here when the registry has it not, and says so", async () => {
    pulled = () => Promise.reject(new ImageError("REGISTRY_UNREACHABLE", "Cannot reach it"));
    const [note, result] = await lines("/berth/pull", { reference: "app:latest" });
    expect(note).toEqual({
      stream: "[REGISTRY_UNREACHABLE] Cannot reach it; the image that is here is used",
    });
    expect(result).toMatchObject({ imageId: expect.any(String) });
    expect(await lines("/berth/pull", { reference: "none:1" })).toEqual([
      { error: "[REGISTRY_UNREACHABLE] Cannot reach it" },
    ]);
  });
});
