import type { StoredImage } from "../../images/guard/account-bytes.ts";
import type { AskWrangler } from "../deploy/ask-wrangler.ts";
import { measureAccount } from "../deploy/measure-account.ts";
import type { RemoteImages } from "./image-scope.ts";
import { toStoredImage } from "./stored-image.ts";

/**
 * Lists what the images of the account weigh, by their manifests in its registry.
 *
 * @throws {CliError} WRANGLER_FAILED; {ImageError} what the registry answers
 */
export function measureRemoteAccount(
  ask: AskWrangler,
  remote: RemoteImages,
): Promise<readonly StoredImage[]> {
  return measureAccount({
    ask,
    qualify: remote.toTarget,
    describe: async (reference) => toStoredImage((await remote.measure(reference)).parts),
  });
}
