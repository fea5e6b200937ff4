import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chooseSnapshot,
  expiresAtMs,
  obstacleOf,
  SNAPSHOT_TTL_MS,
  withSnapshot,
  type SnapshotRecord,
} from "../../../src/core/snapshot/snapshot-record.ts";

const HOUR = 3_600_000;
const GROUND = { image: "app@1", nowMs: 1_000 };

function record(id: string, rest: Partial<SnapshotRecord> = {}): SnapshotRecord {
  const times = { takenAtMs: 0, usedAtMs: 0 };
  return { id, name: null, sizeBytes: 1, image: "app@1", isRefused: false, ...times, ...rest };
}

describe("obstacleOf()", () => {
  it("is nothing for a snapshot that fits", () => {
    expect(obstacleOf(record("a"), GROUND)).toBeUndefined();
    expect(obstacleOf(record("a", { image: null }), { ...GROUND, image: null })).toBeUndefined();
  });

  it("is the end of its life, an hour before the platform's", () => {
    const at = (nowMs: number): string | undefined =>
      obstacleOf(record("a", { usedAtMs: 500 }), { ...GROUND, nowMs });
    expect(at(500 + SNAPSHOT_TTL_MS - HOUR - 1)).toBeUndefined();
    expect(at(500 + SNAPSHOT_TTL_MS - HOUR)).toContain("expired");
  });

  it.each([
    [{ image: "app@2" }, "image app@2, and app@1"],
    [{ image: null }, "image (default), and app@1"],
    [{ isRefused: true }, "refused"],
  ])("is %j", (rest, text) => {
    expect(obstacleOf(record("a", rest), GROUND)).toContain(text);
  });

  it("is an image where the configuration is to decide", () => {
    expect(obstacleOf(record("a"), { ...GROUND, image: null })).toContain(
      "image app@1, and (default)",
    );
  });
});

describe("chooseSnapshot()", () => {
  it("takes the latest that fits", () => {
    const known = [
      record("a"),
      record("b"),
      record("c", { image: "app@2" }),
      record("d", { isRefused: true }),
    ];
    expect(chooseSnapshot(known, GROUND)?.id).toBe("b");
    expect(chooseSnapshot(known, { ...GROUND, image: "app@2" })?.id).toBe("c");
    expect(chooseSnapshot(known, { ...GROUND, image: "app@3" })).toBeUndefined();
    expect(chooseSnapshot([], GROUND)).toBeUndefined();
  });
});

describe("withSnapshot()", () => {
  it("puts one that is known already last", () => {
    const known = [record("a"), record("b")];
    const after = withSnapshot(known, record("a", { name: "again" }), { keep: 3, nowMs: 1 });
    expect(after.map(({ id, name }) => [id, name])).toEqual([
      ["b", null],
      ["a", "again"],
    ]);
  });

  it("forgets one from the moment on that the platform does", () => {
    const at = (nowMs: number): readonly string[] =>
      withSnapshot([record("a")], record("b"), { keep: 3, nowMs }).map(({ id }) => id);
    expect(at(SNAPSHOT_TTL_MS - 1)).toEqual(["a", "b"]);
    expect(at(SNAPSHOT_TTL_MS)).toEqual(["b"]);
  });

  it("remembers the latest, and none that is gone", () => {
    const snapshots = fc.array(
      fc.record({ id: fc.integer({ min: 0, max: 9 }), usedAtMs: fc.nat(2 * SNAPSHOT_TTL_MS) }),
    );
    fc.assert(
      fc.property(snapshots, fc.integer({ min: 1, max: 4 }), (all, keep) => {
        const nowMs = 1.5 * SNAPSHOT_TTL_MS;
        let known: readonly SnapshotRecord[] = [];
        for (const { id, usedAtMs } of all) {
          known = withSnapshot(known, record(`${id}`, { usedAtMs }), { keep, nowMs });
          expect(known.at(-1)?.id).toBe(`${id}`);
          expect(known.length).toBeLessThanOrEqual(keep);
          expect(new Set(known.map((one) => one.id)).size).toBe(known.length);
          for (const one of known.slice(0, -1)) expect(expiresAtMs(one)).toBeGreaterThan(nowMs);
        }
      }),
    );
  });
});
