import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";
import { parseDuration, type Duration } from "../duration.ts";
import { readMoments } from "../snapshot/read-moments.ts";
import type { SnapshotMoment } from "../snapshot/snapshot.ts";

/** How a directory is kept. */
export interface DirectoryOptions {
  /** Before which stops: that of an idle instance, any other but `destroy()`. Default: both. */
  readonly on?: readonly SnapshotMoment[];
  /** How many archives stay in the bucket, the latest ones. Default: 2. */
  readonly keep?: number;
  /**
   * How long keeping it may take, `onBeforeSnapshot` included, and how long unpacking it. A stop
   * goes on without the one, a start fails without the other. Default: 60 s.
   */
  readonly timeout?: Duration;
  /** What the keys of its archives begin with, before the object's id. Default: `"berth"`. */
  readonly prefix?: string;
}

/** How a directory is kept, once read. */
export interface DirectorySettings {
  readonly kind: "directory";
  readonly path: string;
  readonly bucket: R2Bucket;
  readonly on: readonly SnapshotMoment[];
  readonly keep: number;
  readonly timeoutMs: number;
  readonly prefix: string;
}

/**
 * Reads how a directory is to be kept. Pure.
 *
 * @throws {ContainerError} `INVALID_CONFIG`, `INVALID_DURATION`
 */
export function readDirectory(
  path: string,
  bucket: R2Bucket,
  options: DirectoryOptions = {},
): DirectorySettings {
  checkBucket(bucket);
  return {
    kind: "directory",
    path: readPath(path),
    bucket,
    on: readMoments(options.on, "directory()"),
    keep: readKeep(options.keep),
    timeoutMs: readTimeout(options.timeout),
    prefix: readPrefix(options.prefix),
  };
}

function checkBucket(bucket: R2Bucket | undefined): void {
  if (typeof bucket?.createMultipartUpload === "function") return;
  throw invalid(
    "the bucket is none",
    'add it to "r2_buckets" of the Wrangler configuration, and give its binding',
  );
}

/** The path without what says nothing: `/data/` is `/data`. */
function readPath(path: unknown): string {
  if (typeof path === "string" && path.startsWith("/") && !path.includes("\0")) {
    const names = path.split("/").filter((name) => name !== "");
    const isUsable = names.length > 0 && names.every((name) => name !== "." && name !== "..");
    if (isUsable) return `/${names.join("/")}`;
  }
  throw invalid(`the path is ${shown(path)}`, 'use an absolute one such as "/data", without ..');
}

function readKeep(keep: number = 2): number {
  if (Number.isInteger(keep) && keep >= 1) return keep;
  throw invalid(`keep is ${shown(keep)}`, "use an integer of 1 or more");
}

function readTimeout(timeout: Duration = "60s"): number {
  const timeoutMs = parseDuration(timeout, "persist.timeout");
  if (timeoutMs > 0) return timeoutMs;
  throw invalid("timeout is 0", 'use a duration such as "60s"');
}

function readPrefix(prefix: string = "berth"): string {
  if (typeof prefix === "string" && /^[^/](.*[^/])?$/.test(prefix)) return prefix;
  throw invalid(`prefix is ${shown(prefix)}`, 'use a text such as "berth", without / at its ends');
}

function invalid(found: string, fix: string): ContainerError {
  return new ContainerError("INVALID_CONFIG", `Cannot use directory(): ${found}; ${fix}`);
}
