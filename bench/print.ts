import { styleText } from "node:util";
import { noiseOf, type Ratio } from "./measure.ts";
import type { Rig, Row } from "./rig.ts";

/** Prints a rig's table. */
export function printRows(rig: Rig, rows: readonly Row[]): void {
  console.log(`\n${styleText("bold", rig.title)}`);
  const width = Math.max(...rows.map((row) => row.what.length));
  for (const row of rows) {
    console.log(`  ${row.what.padEnd(width)}  ${row.measured}${verdictOf(row)}`);
  }
}

function verdictOf({ target }: Row): string {
  if (target === undefined) return "";
  const word = target.isMet ? styleText("green", "ok") : styleText("red", "MISSED");
  return `  [target ${target.text}: ${word}]`;
}

/** A row about a speed relative to the base, with the target where there is one. */
export function ratioRow(
  what: string,
  ratio: Ratio,
  target?: { readonly atLeast: number; readonly control: Ratio },
): Row {
  const measured = ratioText(ratio);
  if (target === undefined) return { what, measured };
  const isMet = ratio.median >= target.atLeast - noiseOf(target.control);
  return { what, measured, target: { text: `>= ${target.atLeast} ×`, isMet } };
}

/** A median with its spread. */
export function ratioText({ median, low, high }: Ratio): string {
  return `${median.toFixed(3)} × (quartiles ${low.toFixed(3)}–${high.toFixed(3)})`;
}

/** A number that must not be above a bound by more than the noise. */
export interface Bound {
  readonly value: number;
  readonly atMost: number;
  readonly unit?: string;
  readonly noise?: number;
}

export function boundRow(what: string, { value, atMost, unit = "", noise = 0 }: Bound): Row {
  const text = `<= ${toShort(atMost)} ${unit}`.trimEnd();
  const measured = `${toShort(value)} ${unit}`.trimEnd();
  return { what, measured, target: { text, isMet: value <= atMost + noise } };
}

/** Three significant digits, or all digits of what is larger. */
export function toShort(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
