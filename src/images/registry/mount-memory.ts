import { readSmallFile } from "../read-small-file.ts";
import { writeAtomically } from "../write-atomically.ts";

/** Remembers which repositories of a registry got which blobs, so that they are not sent again. */
export interface MountMemory {
  /** @returns repositories, the newest first */
  repositoriesOf(registryHost: string, digest: string): readonly string[];
  remember(registryHost: string, repository: string, digests: readonly string[]): void;
  /** Never fails. */
  save(): Promise<void>;
}

const BLOB_LIMIT = 4096;
const REPOSITORY_LIMIT = 4;

/**
 * Opens the memory in a file. It is a guess and no record: a file that is missing, unreadable or
 * overwritten by another process costs bytes, and nothing else.
 */
export async function openMountMemory(path: string): Promise<MountMemory> {
  const text = readSmallFile(path) ?? "{}";
  const known = new Map<string, readonly string[]>(parse(text));
  return {
    repositoriesOf: (registryHost, digest) => known.get(`${registryHost} ${digest}`) ?? [],
    remember: (registryHost, repository, digests) => {
      for (const digest of digests) {
        const key = `${registryHost} ${digest}`;
        const others = (known.get(key) ?? []).filter((other) => other !== repository);
        known.delete(key); // the oldest entries stand first
        known.set(key, [repository, ...others].slice(0, REPOSITORY_LIMIT));
      }
    },
    save: () => {
      const kept = Object.fromEntries([...known].slice(-BLOB_LIMIT));
      // A full disk costs bytes the next time, and must not fail the push that was done.
      return writeAtomically(path, JSON.stringify(kept)).catch(() => undefined);
    },
  };
}

function parse(text: string): readonly (readonly [string, readonly string[]])[] {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, list]: [string, unknown]) =>
    Array.isArray(list) ? [[key, list.filter((item) => typeof item === "string")] as const] : [],
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // begins anew
  }
}
