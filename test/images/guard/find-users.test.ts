import { describe, expect, it } from "vitest";

import {
  findUsers,
  type ImageUse,
  type WantedImage,
} from "../../../src/images/guard/find-users.ts";
import { decideDelete, refuseUsed } from "../../../src/images/guard/refuse-used.ts";

const digest = `sha256:${"a".repeat(64)}`;
const other = `sha256:${"b".repeat(64)}`;
const repository = "registry.example:5000/team/app";
const image = { repository, tags: ["1", "1a2b3c4d"], digest };

function use(wants: WantedImage): ImageUse {
  return { by: "somebody", breaks: "something fails", wants };
}

function refers(reference: string): ImageUse {
  return use({ kind: "reference", reference });
}

describe("findUsers()", () => {
  it.each([
    [digest, true],
    [other, false],
    [`${repository}:1`, true],
    [`${repository}:2`, false],
    [`${repository}@${digest}`, true],
    [`${repository}@${other}`, false],
    [`${repository}:2@${digest}`, true],
    [`${repository}:1@${other}`, false],
    [`registry.example:5000/team/other:1`, false],
    [`registry.example/team/app:1`, false],
    [repository, false],
  ])("finds by the reference %s: %s", (reference, isUsed) => {
    expect(findUsers(image, [refers(reference)])).toHaveLength(isUsed ? 1 : 0);
  });

  it("takes a reference without a tag for latest", () => {
    expect(findUsers({ repository, tags: ["latest"] }, [refers(repository)])).toHaveLength(1);
  });

  it("takes a tag for the digest when the digest is not known", () => {
    const tagged = { repository, tags: ["1"] };
    expect(findUsers(tagged, [refers(`${repository}:1@${other}`)])).toHaveLength(1);
  });

  it("finds a version by the tag that wrangler gives its image", () => {
    const version = (versionId: string): ImageUse => use({ kind: "version", versionId });
    expect(findUsers(image, [version("1a2b3c4d-0000-4000-8000-000000000000")])).toHaveLength(1);
    expect(findUsers(image, [version("ffffffff-0000-4000-8000-000000000000")])).toEqual([]);
  });

  it("lets a version that is not listed keep a tag that may be its own, and no other", () => {
    const unlisted = use({ kind: "unlisted-version" });
    expect(findUsers(image, [unlisted])).toEqual([unlisted]);
    expect(findUsers({ repository, tags: ["latest", "berth-1a2b3c4d5e6f"] }, [unlisted])).toEqual(
      [],
    );
  });

  it("does not blame an unlisted version for the tag of a listed one", () => {
    const listed = use({ kind: "version", versionId: "1a2b3c4d-0000-4000-8000-000000000000" });
    expect(findUsers(image, [listed, use({ kind: "unlisted-version" })])).toEqual([listed]);
  });
});

describe("decideDelete()", () => {
  const known = { uses: [refers(digest)], unknown: ["wrangler does not answer"] };

  it("deletes what nothing uses", () => {
    const decision = decideDelete(image, { uses: [refers(other)], unknown: [] }, "check");
    expect(decision).toEqual({ kind: "delete", warnings: [] });
  });

  it("refuses what may be in use", () => {
    const decision = decideDelete(
      image,
      { uses: [], unknown: ["wrangler does not answer"] },
      "check",
    );
    expect(decision).toEqual({ kind: "refuse", reasons: ["wrangler does not answer"] });
  });

  it("tells by force what breaks", () => {
    expect(decideDelete(image, known, "force")).toEqual({
      kind: "delete",
      warnings: ["somebody uses it: something fails", "it may be in use: wrangler does not answer"],
    });
  });
});

describe("refuseUsed()", () => {
  it("says which image, by what it is used and what would do", () => {
    const known = { uses: [refers(digest)], unknown: [] };
    expect(() => refuseUsed(image, known, "check")).toThrow(
      `[IMAGE_IN_USE] Cannot delete ${repository}:1, 1a2b3c4d: it is in use, or may be:\n` +
        "  somebody (something fails)\nGive the images to keep with --keep-file",
    );
    expect(refuseUsed(image, known, "force")).toEqual(["somebody uses it: something fails"]);
  });
});
