import { describe, expect, it } from "vitest";
import {
  addCrash,
  CRASH_WINDOW_MS,
  isSpent,
  MAX_CRASHES,
  NO_CRASHES,
  restartDelayMs,
  trialDelayMs,
} from "../../../src/core/lifecycle/crashes.ts";

const streaks = Array.from({ length: 10 }, (_, i) => i + 1);

describe("addCrash()", () => {
  it("counts crashes in a row and remembers when they were", () => {
    const two = addCrash(addCrash(NO_CRASHES, 1_000), 2_000);
    expect(two).toEqual({ streak: 2, atMs: [1_000, 2_000] });
  });

  it("forgets those of more than ten minutes ago, but goes on with the row", () => {
    const two = { streak: 2, atMs: [1_000, 2_000] };
    expect(addCrash(two, 1_000 + CRASH_WINDOW_MS)).toEqual({ streak: 3, atMs: [2_000, 601_000] });
  });

  it("begins a new row when the last crash was ten minutes ago", () => {
    const two = { streak: 2, atMs: [1_000, 2_000] };
    expect(addCrash(two, 2_000 + CRASH_WINDOW_MS)).toEqual({ streak: 1, atMs: [602_000] });
  });
});

describe("isSpent()", () => {
  it("is so from the tenth crash within the window on", () => {
    const atMs = streaks.map((second) => second * 1_000);
    expect(MAX_CRASHES).toBe(10);
    expect(isSpent({ streak: 9, atMs: atMs.slice(1) })).toBe(false);
    expect(isSpent({ streak: 10, atMs })).toBe(true);
  });
});

describe("restartDelayMs()", () => {
  const EXPECTED = [0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000];

  it("is 0, 1, 2, 4 … 60 s", () => {
    expect(streaks.map((streak) => restartDelayMs(streak, 0.5))).toEqual(EXPECTED);
  });

  it("spreads by 20 % either way", () => {
    expect(streaks.map((streak) => restartDelayMs(streak, 0))).toEqual(
      EXPECTED.map((d) => d * 0.8),
    );
    expect(streaks.map((streak) => restartDelayMs(streak, 1))).toEqual(
      EXPECTED.map((d) => d * 1.2),
    );
  });

  it("is whole milliseconds, however long the row", () => {
    expect(restartDelayMs(2, 0.123_456)).toBe(849);
    expect(restartDelayMs(5_000, 0.5)).toBe(60_000);
  });

  it("is none where nothing crashed", () => {
    expect(restartDelayMs(0, 1)).toBe(0);
  });
});

describe("trialDelayMs()", () => {
  const EXPECTED = [60_000, 120_000, 240_000, 480_000, 600_000, 600_000];

  it("is 60 s, doubled with each trial that failed up to 10 min", () => {
    expect(EXPECTED.map((_, trials) => trialDelayMs(trials, 0.5))).toEqual(EXPECTED);
    expect(trialDelayMs(5_000, 0.5)).toBe(600_000);
  });

  it("spreads by 20 % either way", () => {
    expect([0, 1].map((random) => trialDelayMs(0, random))).toEqual([48_000, 72_000]);
  });
});
