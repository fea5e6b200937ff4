import { forEachAtOnce } from "../../images/for-each-at-once.ts";
import type { StoredImage } from "../../images/guard/account-bytes.ts";
import type { AskWrangler } from "./ask-wrangler.ts";
import { fieldOf, listOf, parseWranglerJson, textOf } from "./parse-wrangler-json.ts";

/** How {@link measureAccount} finds out what images weigh. */
export interface AccountSources {
  readonly ask: AskWrangler;
  /** Writes a name with registry and account. */
  readonly qualify: (name: string) => Promise<string>;
  /** Reads an image's manifest from the registry. */
  readonly describe: (reference: string) => Promise<StoredImage>;
}

const AT_ONCE = 4;

/**
 * Lists what the images of the account weigh in its registry, each as its blobs.
 *
 * @throws {CliError} WRANGLER_FAILED; {ImageError} what the registry answers
 */
export async function measureAccount(sources: AccountSources): Promise<readonly StoredImage[]> {
  const listed = listOf(
    parseWranglerJson(await sources.ask(["containers", "images", "list", "--json"])),
  );
  const names = listed.flatMap((repository) =>
    listOf(fieldOf(repository, "tags")).flatMap((tag) =>
      typeof tag === "string" ? `${textOf(repository, "name") ?? ""}:${tag}` : [],
    ),
  );
  const images: StoredImage[] = [];
  await forEachAtOnce(names, AT_ONCE, async (name) => {
    images.push(await sources.describe(await sources.qualify(name)));
  });
  return images;
}
