import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createImageTransfers } from "../../src/engine/image-transfers.ts";
import { FaultRegistry } from "../images/registry/fault-registry.ts";
import { addImage, bytesOf, MemoryBlobs } from "../images/registry/memory-blobs.ts";
import { fakeImage } from "./api/fakes/fake-image-store.ts";

let registry: FaultRegistry;
let directory: string;
beforeEach(async () => {
  registry = await FaultRegistry.start();
  directory = await mkdtemp(join(tmpdir(), "berth-transfers-"));
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

describe("createImageTransfers()", () => {
  it("pushes what is packed, once, and unpacks what it pulls under its name", async () => {
    const blobs = new MemoryBlobs();
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    const packed = addImage(blobs, [bytesOf(1000)], architecture);
    const unpacked: string[] = [];
    const image = fakeImage("app:1");
    const transfers = createImageTransfers({
      mountMemoryPath: join(directory, "mounts.json"),
      packing: {
        blobs,
        pack: () => Promise.resolve(packed),
        unpack: (digest, tag) => {
          unpacked.push(`${tag} ${digest}`);
          return Promise.resolve(image);
        },
      },
    });
    const lines: string[] = [];
    const request = {
      reference: `${registry.host}/app:1`,
      credentials: undefined,
      log: (line: string): void => void lines.push(line),
      signal: new AbortController().signal,
    };
    const { digest, size } = packed.manifest;
    expect(await transfers.push(image, request)).toEqual({ digest, sizeBytes: size });
    const name = packed.layers[0]?.digest.slice(7, 19);
    expect(lines).toContain(`${name}: Pushed`);
    await transfers.push(image, request);
    expect(lines).toContain(`${name}: Layer already exists`);
    expect(await transfers.pull(request)).toBe(image);
    expect(unpacked).toEqual([`${request.reference} ${digest}`]);
  });
});
