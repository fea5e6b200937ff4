import { ImageError } from "../image-error.ts";

/**
 * Reads the time that reproducible builds agree on.
 *
 * @returns seconds since 1970; 0 when nothing is set
 * @throws {ImageError} IMAGE_UNFIT when it is set to no number
 * @see https://reproducible-builds.org/docs/source-date-epoch/
 */
export function readSourceDateEpoch(
  env: Readonly<Record<string, string | undefined>> = process.env,
): number {
  const text = env["SOURCE_DATE_EPOCH"] ?? "";
  if (text === "") return 0;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new ImageError(
    "IMAGE_UNFIT",
    `Cannot use SOURCE_DATE_EPOCH: ${JSON.stringify(text)}; set it to seconds since 1970`,
  );
}
