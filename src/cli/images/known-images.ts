import type { KnownImage } from "../../images/guard/find-users.ts";

/**
 * Writes names as what is asked about their use.
 *
 * @param names with their tags or digests, as the store keeps them
 * @returns one for each repository
 */
export function toKnownImages(names: readonly string[]): readonly KnownImage[] {
  const tags = new Map<string, string[]>();
  for (const name of names) {
    const [tagged = ""] = name.split("@");
    const colon = tagged.lastIndexOf(":");
    const hasTag = colon > tagged.lastIndexOf("/");
    const repository = hasTag ? tagged.slice(0, colon) : tagged;
    const known = tags.get(repository) ?? [];
    if (hasTag) known.push(tagged.slice(colon + 1));
    tags.set(repository, known);
  }
  return [...tags].map(([repository, its]) => ({ repository, tags: its }));
}
