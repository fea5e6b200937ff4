import { describe, expect, it } from "vitest";
import { probeGapMs } from "../../src/core/probe-gap.ts";

/** Probes sent during a boot of `bootMs` if a probe took no time at all. */
function probesDuring(bootMs: number): number {
  let probes = 0;
  for (let waitedMs = 0; waitedMs < bootMs; waitedMs += probeGapMs(waitedMs)) probes += 1;
  return probes;
}

describe("probeGapMs()", () => {
  it("starts dense, grows with the wait, and is capped", () => {
    expect([0, 1_000, 10_000, 60_000].map(probeGapMs)).toEqual([6, 15, 96, 500]);
  });

  it("sends at most 160 probes during a boot of 2 s", () => {
    expect(probesDuring(2_000)).toBeLessThanOrEqual(160);
  });

  it("wastes at most 6 ms and 1 % of a boot", () => {
    for (let bootMs = 1; bootMs < 20_000; bootMs += 137) {
      let waitedMs = 0;
      while (waitedMs < bootMs) waitedMs += probeGapMs(waitedMs);
      expect(waitedMs - bootMs).toBeLessThanOrEqual(6 + bootMs * 0.01);
    }
  });

  it("wastes less than 8 ms on average of boots of up to 2 s", () => {
    let wastedMs = 0;
    for (let bootMs = 0; bootMs < 2_000; bootMs += 1) {
      let waitedMs = 0;
      while (waitedMs < bootMs) waitedMs += probeGapMs(waitedMs);
      wastedMs += waitedMs - bootMs;
    }
    expect(wastedMs / 2_000).toBeLessThan(8);
  });
});
