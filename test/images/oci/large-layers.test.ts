import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { makeTemporaryDirectory, type TemporaryDirectory } from "./oci-fixture.ts";

const run = promisify(execFile);
const source = (path: string): string =>
  new URL(`../../../src/images/${path}`, import.meta.url).href;

/** Makes a layer of one file of zeros and packs it. */
const packScript = `
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { openBlobStore } from ${JSON.stringify(source("oci/open-blob-store.ts"))};
import { packLayer } from ${JSON.stringify(source("oci/pack-layer.ts"))};
const [root] = process.argv.slice(1);
const blobs = await openBlobStore(root + "/blobs");
mkdirSync(root + "/layer/fs", { recursive: true });
writeFileSync(root + "/layer/fs/zeros", "");
truncateSync(root + "/layer/fs/zeros", 2 ** 31);
const layer = { name: "layer", directory: root + "/layer/fs", sizeBytes: 2 ** 31, opaque: [] };
const { unpackedBytes } = await packLayer({ blobs }, layer, { compression: "gzip" });
console.log(JSON.stringify({ unpackedBytes, peakKiB: process.resourceUsage().maxRSS }));
`;

/** Unpacks a tar of as many empty files as asked for, a thousand a directory. */
const unpackScript = `
import { mkdirSync, readdirSync } from "node:fs";
import { Readable } from "node:stream";
import { encodeTarHeader } from ${JSON.stringify(source("oci/tar/encode-tar-header.ts"))};
import { unpackLayer } from ${JSON.stringify(source("oci/unpack-layer.ts"))};
const [root, count] = process.argv.slice(1);
const plain = { kind: "file", mode: 0o644, uid: 0, gid: 0, sizeBytes: 0, mtimeSeconds: 0,
  linkName: "", deviceMajor: 0, deviceMinor: 0, attributes: {} };
function* tar() {
  for (let index = 0; index < Number(count); index += 100) {
    const names = Array.from({ length: 100 }, (_, at) => Math.floor(index / 1000) + "/" + (index + at));
    yield Buffer.concat(names.map((name) => encodeTarHeader({ ...plain, name })));
  }
  yield Buffer.alloc(1024);
}
mkdirSync(root + "/layer");
const type = "application/vnd.oci.image.layer.v1.tar";
const result = await unpackLayer(Readable.from(tar()), type, root + "/layer")
  .catch((error) => ({ code: error.code }));
const { entries, code } = result;
const made = readdirSync(root + "/layer").length;
console.log(JSON.stringify({ entries, code, made, peakKiB: process.resourceUsage().maxRSS }));
`;

describe("large layers", () => {
  let directory: TemporaryDirectory;
  beforeEach(async () => {
    directory = await makeTemporaryDirectory();
  });
  afterEach(() => directory[Symbol.asyncDispose](), 300_000);

  // oxlint-disable-next-line no-explicit-any -- each test says of it what it has to be
  async function runScript(script: string, ...args: readonly string[]): Promise<any> {
    const all = ["--input-type=module", "-e", script, directory.path, ...args];
    const { stdout } = await run(process.execPath, all);
    return JSON.parse(stdout);
  }

  it("of 2 GiB is packed in 150 MiB of memory", { timeout: 300_000 }, async () => {
    const { unpackedBytes, peakKiB } = await runScript(packScript);
    expect(unpackedBytes).toBe(2 ** 31 + 512 + 1024);
    expect(peakKiB).toBeLessThanOrEqual(150 * 1024);
  });

  it("of 1,000,000 entries is unpacked in 250 MiB of memory", { timeout: 600_000 }, async () => {
    const { entries, made, peakKiB } = await runScript(unpackScript, "1000000");
    expect(entries).toBe(1_000_000);
    expect(made).toBe(1000);
    expect(peakKiB).toBeLessThanOrEqual(250 * 1024);
  });
});
