import { createHash } from "node:crypto";

/** @returns the digest of content, as "sha256:…" */
export function digestOf(content: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
