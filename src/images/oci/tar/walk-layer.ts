import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";

import { ImageError } from "../../image-error.ts";
import { canOwn, type LayerOwners, type Owner } from "../../layer/layer-owners.ts";
import type { TarEntry, TarEntryKind } from "./tar-entry.ts";

/** An entry of a layer's tar, and the file that its content is read from. */
export interface LayerEntry {
  readonly entry: TarEntry;
  /** Set for files with content only. */
  readonly source: string | undefined;
}

/** What is walked. */
export interface LayerTree {
  readonly directory: string;
  /** Directories, without leading slash, that hide what lies under them. */
  readonly opaque: readonly string[];
  /** Owners that the files cannot have on this machine. */
  readonly owners?: LayerOwners;
}

/** Before this name there is no other that begins with a dot and sorts like it. */
const WHITEOUT = ".wh.";
const OPAQUE_WHITEOUT = ".wh..wh..opq";

/**
 * Lists what a layer's tar holds, in an order and with owners and times that depend on the files
 * alone. What an overlay deleted becomes `.wh.NAME`, an opaque directory has `.wh..wh..opq` in
 * it. Times later than `epochSeconds` become it. Sockets are left out: no tar can hold them.
 *
 * @throws {ImageError} IMAGE_UNFIT for a name that is not UTF-8 or means a whiteout
 */
export function* walkLayer(layer: LayerTree, epochSeconds: number): Generator<LayerEntry> {
  const walk: Walk = { layer, epochSeconds, links: new Map(), opaque: new Set(layer.opaque) };
  if (walk.opaque.has("")) yield toMarker(OPAQUE_WHITEOUT);
  yield* walkDirectory(walk, "");
}

interface Walk {
  readonly layer: LayerTree;
  readonly epochSeconds: number;
  readonly opaque: ReadonlySet<string>;
  /** The first name of each file that has several. */
  readonly links: Map<string, string>;
}

function* walkDirectory(walk: Walk, parent: string): Generator<LayerEntry> {
  for (const name of sortedNames(`${walk.layer.directory}/${parent}`)) {
    const path = parent === "" ? name : `${parent}/${name}`;
    checkName(name, path);
    const source = `${walk.layer.directory}/${path}`;
    const stats = lstatSync(source);
    if (stats.isSocket()) continue;
    if (!stats.isDirectory()) {
      yield toLayerEntry(walk, path, stats);
      continue;
    }
    yield { entry: toEntry(walk, `${path}/`, stats), source: undefined };
    if (walk.opaque.has(path)) yield toMarker(`${path}/${OPAQUE_WHITEOUT}`);
    yield* walkDirectory(walk, path);
  }
}

/** By bytes, which no locale changes; plain text sorts so already unless it is beyond U+FFFF. */
function sortedNames(directory: string): readonly string[] {
  return readdirSync(directory).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function checkName(name: string, path: string): void {
  if (!name.includes("\uFFFD") && !name.startsWith(WHITEOUT)) return;
  const reason = name.startsWith(WHITEOUT) ? "that name marks a deleted file" : "it is not UTF-8";
  const text = `Cannot pack ${JSON.stringify(path)}: ${reason} in an image's layer`;
  throw new ImageError("IMAGE_UNFIT", `${text}; give the file another name`);
}

function toLayerEntry(walk: Walk, path: string, stats: Stats): LayerEntry {
  if (stats.isCharacterDevice() && stats.rdev === 0) return toMarker(whiteoutOf(path));
  const entry = toEntry(walk, path, stats);
  if (entry.kind !== "file") return { entry, source: undefined };
  const identity = `${stats.dev}:${stats.ino}`;
  const first = stats.nlink > 1 ? walk.links.get(identity) : undefined;
  if (first !== undefined) {
    return { entry: { ...entry, kind: "link", linkName: first, sizeBytes: 0 }, source: undefined };
  }
  if (stats.nlink > 1) walk.links.set(identity, path);
  const isEmpty = entry.sizeBytes === 0;
  return { entry, source: isEmpty ? undefined : `${walk.layer.directory}/${path}` };
}

function whiteoutOf(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}${WHITEOUT}${path.slice(slash)}`;
}

function toMarker(name: string): LayerEntry {
  return { entry: { ...emptyEntry, name }, source: undefined };
}

const emptyEntry: TarEntry = {
  ...{ name: "", kind: "file", mode: 0, uid: 0, gid: 0, sizeBytes: 0, mtimeSeconds: 0 },
  ...{ linkName: "", deviceMajor: 0, deviceMinor: 0, attributes: {} },
};

function toEntry(walk: Walk, name: string, stats: Stats): TarEntry {
  const kind = kindOf(stats);
  const isDevice = kind === "character-device" || kind === "block-device";
  return {
    ...emptyEntry,
    ...{ name, kind, ...ownerOf(walk, name, stats) },
    mode: kind === "symlink" ? 0o777 : stats.mode & 0o7777,
    sizeBytes: kind === "file" ? stats.size : 0,
    mtimeSeconds: Math.max(0, Math.min(Math.floor(stats.mtimeMs / 1000), walk.epochSeconds)),
    linkName: kind === "symlink" ? readlinkSync(`${walk.layer.directory}/${name}`) : "",
    ...(isDevice && { deviceMajor: majorOf(stats.rdev), deviceMinor: minorOf(stats.rdev) }),
  };
}

/** Without root every file is this user's, who is the container's root. */
function ownerOf({ layer }: Walk, name: string, { uid, gid }: Stats): Owner {
  const known = layer.owners?.[name.replace(/\/$/, "")];
  if (known !== undefined) return { uid: known.uid, gid: known.gid };
  return canOwn() ? { uid, gid } : { uid: 0, gid: 0 };
}

function kindOf(stats: Stats): TarEntryKind {
  if (stats.isDirectory()) return "directory";
  if (stats.isFile()) return "file";
  if (stats.isSymbolicLink()) return "symlink";
  if (stats.isFIFO()) return "fifo";
  return stats.isBlockDevice() ? "block-device" : "character-device";
}

/** Linux packs both numbers into one: minor's low byte, then major, then minor's rest. */
function majorOf(device: number): number {
  return (device >>> 8) & 0xfff;
}

function minorOf(device: number): number {
  return (device & 0xff) | ((device >>> 12) & 0xfff00);
}
