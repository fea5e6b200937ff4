import type { BuildJob } from "./build-job.ts";
import { formatPlatform } from "./oci/platform.ts";
import { ImageError } from "./image-error.ts";
import type { Image } from "./image-store.ts";
import type { Platform } from "./oci/descriptor.ts";

/** Who asks for an image. */
export interface BaseRequest {
  /** The instruction as messages name it. */
  readonly instruction: string;
  readonly line: number;
  readonly platform: Platform;
}

/**
 * Finds the image that FROM or --from names.
 *
 * @throws {ImageError} NO_SUCH_IMAGE with line, reference and what was tried
 */
export async function findBase(from: string, request: BaseRequest, job: BuildJob): Promise<Image> {
  const { image, tried } = await tryBase(from, request, job);
  if (image !== undefined) return image;
  const { line, platform, instruction } = request;
  throw new ImageError(
    "NO_SUCH_IMAGE",
    `Cannot build line ${line}: ${instruction}; there is no image ${from} for ` +
      `${formatPlatform(platform)}, tried: ${tried.join("; ")}`,
    { line },
  );
}

/** Looks for the image that FROM or --from names; says what was tried in vain. */
export async function tryBase(
  from: string,
  { line, platform, instruction }: BaseRequest,
  job: BuildJob,
): Promise<{ readonly image: Image | undefined; readonly tried: readonly string[] }> {
  const named = job.buildContexts[from];
  if (named !== undefined && isDirectoryContext(named)) {
    throw new ImageError(
      "DOCKERFILE_INVALID",
      `Cannot build line ${line}: ${instruction}; build context ${from} is the directory ` +
        `${named}, which has files only: give it as oci-layout://PATH or docker-image://REFERENCE`,
      { line },
    );
  }
  const tried: string[] = [];
  try {
    const image = await job.resolveImage(named?.replace(/^docker-image:\/\//, "") ?? from, {
      ...{ platform, line },
      origin: named === undefined ? "dockerfile" : "option",
      onTried: (what) => tried.push(what),
    });
    return { image, tried };
  } catch (cause) {
    if (!(cause instanceof ImageError) || cause.line !== undefined) throw cause;
    const { code } = cause;
    const reason = cause.message.replace(`[${code}] `, "");
    throw new ImageError(code, `Cannot build line ${line}: ${instruction}; ${reason}`, {
      ...{ line, cause },
    });
  }
}

/** @returns whether a build context is a directory of files, and no image */
export function isDirectoryContext(text: string): boolean {
  return !/^(oci-layout|docker-image):\/\//.test(text);
}
