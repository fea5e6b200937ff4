import { ImageError } from "../image-error.ts";

/** Turns the system's word for a full disk into ours, which names the directory. */
export function toDiskFull(error: unknown, directory: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new ImageError(
    "DISK_FULL",
    `Cannot write to ${directory}: its disk is full; free space there, as by removing images`,
    { cause: error },
  );
}
