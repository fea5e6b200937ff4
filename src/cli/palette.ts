import pc from "picocolors";

/** Puts colour on a text. */
export type Painter = (text: string) => string;

/** What the log is painted with. */
export interface Palette {
  /** For berth's own words. */
  readonly dim: Painter;
  /** One is chosen for each instance. */
  readonly instances: readonly Painter[];
}

/**
 * Makes a palette.
 *
 * @param isColored false leaves every text as it is
 */
export function createPalette(isColored: boolean): Palette {
  const colors = pc.createColors(isColored);
  const { dim, cyan, magenta, yellow, green, blue } = colors;
  const bright = [colors.cyanBright, colors.magentaBright, colors.yellowBright, colors.blueBright];
  return { dim, instances: [cyan, magenta, yellow, green, blue, ...bright] };
}

/** @returns the same painter for the same name, always */
export function painterOf(name: string, palette: Palette): Painter {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return palette.instances[hash % palette.instances.length] ?? palette.dim;
}
