import { checkImage } from "../../images/guard/check-image.ts";
import type { ImageFacts, ImageLimits } from "../../images/guard/image-facts.ts";
import { largestFiles } from "../../images/guard/largest-files.ts";
import { refuseProblems } from "../../images/guard/refuse-problems.ts";
import type { BuildStore } from "../../images/image-store.ts";
import type { Platform } from "../../images/oci/descriptor.ts";
import type { PushCheck } from "./image-scope.ts";

/** What {@link checkPush} checks by. */
export interface PushCheckScope {
  readonly store: BuildStore;
  readonly limits: ImageLimits;
  readonly platform: Platform;
  /** "force": nothing is refused, all is told. */
  readonly mode: "check" | "force";
  /** What the account holds and the push adds; undefined where it is not known. */
  readonly account: Pick<ImageFacts, "accountBytes" | "addedBytes">;
}

const SHOWN_FILES = 10;

/**
 * Checks an image before any byte of it is sent. Its files are walked only when it is too large.
 *
 * @returns what to tell the user
 * @throws {ImageError} IMAGE_TOO_LARGE, ACCOUNT_FULL, IMAGE_UNFIT
 */
export async function checkPush(
  { image, target }: PushCheck,
  { store, limits, platform, mode, account }: PushCheckScope,
): Promise<readonly string[]> {
  const directories = image.layers.map((directory) => {
    return { name: store.layers.nameOf(directory), directory };
  });
  const layers = await Promise.all(
    directories.map(async ({ name }) => {
      return { name, sizeBytes: (await store.layers.get(name))?.sizeBytes ?? 0 };
    }),
  );
  const facts = { name: target, platform, layers, config: image.config, ...account };
  const problems = checkImage(facts, limits);
  if (!problems.some(({ code }) => code === "IMAGE_TOO_LARGE" || code === "ACCOUNT_FULL")) {
    return refuseProblems(problems, mode);
  }
  const files = await largestFiles(directories, SHOWN_FILES);
  return refuseProblems(checkImage({ ...facts, largestFiles: files }, limits), mode);
}
