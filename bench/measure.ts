/** Samples of each variant; the samples of one index were taken in one round. */
export type Samples<Name extends string> = Readonly<Record<Name, readonly number[]>>;

/** How much of `base` another variant reaches, round by round. */
export interface Ratio {
  readonly median: number;
  /** First and third quartile. */
  readonly low: number;
  readonly high: number;
  /** How far the median may be off by chance: half its notch (McGill, Tukey and Larsen, 1978). */
  readonly uncertainty: number;
}

/**
 * Measures all variants once a round, so that load from outside meets them alike. The order turns
 * by one each round; a first round is thrown away.
 */
export async function interleave<Name extends string>(
  variants: Readonly<Record<Name, () => Promise<number>>>,
  pairs: number,
): Promise<Samples<Name>> {
  const names = Object.keys(variants) as Name[]; // the keys of a record of exactly these names
  const samples = {} as Record<Name, number[]>; // filled at once
  for (const name of names) samples[name] = [];
  for (let round = -1; round < pairs; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round + 1) % names.length];
      if (name === undefined) continue;
      const sample = await variants[name]();
      if (round >= 0) samples[name].push(sample);
    }
  }
  return samples;
}

/** Compares round by round: `numerator / denominator`, sample by sample. */
export function ratioOf(numerator: readonly number[], denominator: readonly number[]): Ratio {
  const ratios = numerator.map((value, index) => value / (denominator[index] ?? Number.NaN));
  const low = quantile(ratios, 0.25);
  const high = quantile(ratios, 0.75);
  const uncertainty = (1.57 * (high - low)) / Math.sqrt(ratios.length) / 2;
  return { median: median(ratios), low, high, uncertainty };
}

/** What a variant compared with itself shows: differences up to that mean nothing. */
export function noiseOf(control: Ratio): number {
  return Math.max(Math.abs(control.median - 1), control.uncertainty);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Interpolates between the two nearest values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}
