import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openDeployImages } from "../../../src/cli/images/open-deploy-images.ts";
import { ociImage, ScopeFixture } from "./scope-fixture.ts";

let fixture: ScopeFixture;
beforeEach(async () => {
  fixture = await ScopeFixture.open();
});
afterEach(() => fixture[Symbol.asyncDispose]());

const request = {
  ...{ dockerfilePath: "/project/Dockerfile", contextDir: "/project" },
  ...{ buildArgs: {}, tag: "app:latest" },
};
const limits = { instanceType: "lite", diskBytes: 2e9, accountBytes: 50e9 };

/** What the check of an image says whose config names an architecture. */
async function checkOf(architecture: string): Promise<readonly string[]> {
  const json = Buffer.from(JSON.stringify({ os: "linux", architecture }));
  const { digest, sizeBytes: size } = await fixture.store.blobs.write(json);
  fixture.packed = {
    ...ociImage("f", []),
    config: { mediaType: "application/test", digest, size },
  };
  const scope = { ...fixture.scope, [Symbol.asyncDispose]: () => Promise.resolve() };
  const ask = (): Promise<string> => Promise.reject(new Error("not asked"));
  await using images = openDeployImages(scope, { ask, runNetwork: "none" });
  const built = await images.build(request);
  return (await built.check(limits, undefined)).map(({ text }) => text);
}

describe("openDeployImages()", () => {
  it("checks the platform that the packed image says", async () => {
    expect(await checkOf("amd64")).toEqual([]);
    expect(await checkOf("arm64")).toEqual([expect.stringContaining("linux/arm64")]);
  });
});
