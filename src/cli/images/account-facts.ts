import { forEachAtOnce } from "../../images/for-each-at-once.ts";
import { accountBytes, addedBytes, type StoredImage } from "../../images/guard/account-bytes.ts";
import type { ImageFacts } from "../../images/guard/image-facts.ts";
import type { MeasuredImage, PushCheck, RemoteImages } from "./image-scope.ts";

const AT_ONCE = 4;

/**
 * Finds out what the images of an account take in its registry, and what a push would add.
 *
 * @param registryHost with the account: the repositories that the registry shows are its own
 * @throws {ImageError} when the registry does not say
 */
export async function findAccountFacts(
  { packed, target }: PushCheck,
  registryHost: string,
  remote: RemoteImages,
): Promise<Pick<ImageFacts, "accountBytes" | "addedBytes">> {
  const there = await remote.measure(target).catch(() => undefined); // mostly it is new
  if (there?.digest === packed.manifest.digest) return {}; // nothing is added
  const held: StoredImage[] = [];
  await forEachAtOnce(await remote.listRepositories(registryHost), AT_ONCE, async (repository) => {
    const name = `${registryHost}/${repository}`;
    for (const tag of await remote.listTags(name)) {
      held.push(toStored(await remote.measure(`${name}:${tag}`)));
    }
  });
  const blobs = [packed.config, ...packed.layers].map(({ digest, size }) => {
    return { digest, sizeBytes: size };
  });
  return { accountBytes: accountBytes(held), addedBytes: addedBytes({ blobs }, held) };
}

function toStored({ parts }: MeasuredImage): StoredImage {
  return { blobs: parts.map(({ digest, size }) => ({ digest, sizeBytes: size })) };
}
