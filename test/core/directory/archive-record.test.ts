import { describe, expect, it } from "vitest";
import {
  archiveKey,
  withArchive,
  type ArchiveRecord,
} from "../../../src/core/directory/archive-record.ts";

const archive = (key: string): ArchiveRecord => ({ key, name: null, sizeBytes: 1, takenAtMs: 0 });

describe("archiveKey()", () => {
  it("is of its object, its run and its moment", () => {
    expect(archiveKey("berth", { id: "abc", run: 3, atMs: 17 })).toBe("berth/abc/3-17.tar");
  });
});

describe("withArchive()", () => {
  it.each([
    [[], "a", 2, ["a"], []],
    [["a"], "b", 2, ["a", "b"], []],
    [["a", "b"], "c", 2, ["b", "c"], ["a"]],
    [["a", "b", "c"], "d", 1, ["d"], ["a", "b", "c"]],
    [["a", "b"], "a", 2, ["b", "a"], []],
  ] as const)("%j with %s, keeping %i, is %j without %j", (known, latest, keep, kept, dropped) => {
    expect(withArchive(known.map(archive), archive(latest), keep)).toEqual({
      kept: kept.map(archive),
      dropped,
    });
  });
});
