const UNITS = ["B", "kB", "MB", "GB"] as const;

/** Writes a number of bytes in units of 1000, as Cloudflare counts disks: "1.5 GB". */
export function showBytes(bytes: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(value < 100 ? 1 : 0)} ${UNITS[power]}`;
}
