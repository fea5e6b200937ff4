// Unpacks two layers and prints what an overlay of them shows; run as one user or another.
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";

import { mountView } from "../../../src/engine/sandbox/mounted-view.ts";
import { openLayerStore } from "../../../src/images/layer-store.ts";
import { mediaTypes } from "../../../src/images/oci/media-types.ts";
import { openBlobStore } from "../../../src/images/oci/open-blob-store.ts";
import { packLayer } from "../../../src/images/oci/pack-layer.ts";
import { unpackLayer } from "../../../src/images/oci/unpack-layer.ts";
import { tarOf, type TestEntry } from "../../images/oci/oci-fixture.ts";

const lower: readonly TestEntry[] = [
  { name: "app/", kind: "directory", mode: 0o555 },
  { name: "app/old", text: "old", uid: 1000, gid: 1000 },
  { name: "app/kept", text: "kept" },
  { name: "data/", kind: "directory", mode: 0o755 },
  { name: "data/hidden", text: "hidden" },
];
const upper: readonly TestEntry[] = [
  { name: "app/.wh.old" },
  { name: "data/", kind: "directory", mode: 0o700 },
  { name: "data/.wh..wh..opq" },
  { name: "data/shown", text: "shown" },
];

const directory = mkdtempSync(join(tmpdir(), "berth-imported-"));
try {
  const layers = await openLayerStore(directory);
  const blobs = await openBlobStore(join(directory, "blobs"));
  const add = async (name: string, entries: readonly TestEntry[]): Promise<string> => {
    const draft = await layers.createDraft();
    const source = Readable.from([tarOf(...entries)]);
    const { opaque } = await unpackLayer(source, mediaTypes.layerTar, draft);
    const layer = await layers.add(name, draft, { kind: "unique", opaque });
    await packLayer({ blobs }, layer, { compression: "gzip" });
    return layer.directory;
  };
  const paths = [await add("lower", lower), await add("upper", upper)];
  const writableDir = join(directory, "writable");
  mkdirSync(writableDir);
  const view = await mountView({ base: "none", layers: paths, writableDir });
  const shown = {
    app: readdirSync(`${view.root}/app`).toSorted(),
    data: readdirSync(`${view.root}/data`).toSorted(),
    text: readFileSync(`${view.root}/data/shown`, "utf8"),
  };
  await view.close();
  console.log(JSON.stringify(shown));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
