/** One mount for `mount --all --fstab`. */
export interface MountEntry {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Binds a file or directory. */
export function bindMount(
  source: string,
  target: string,
  ...options: readonly string[]
): MountEntry {
  return { source, target, type: "none", options: ["bind", ...options] };
}

/** Binds a directory with everything mounted in it. */
export function bindTree(
  source: string,
  target: string,
  ...options: readonly string[]
): MountEntry {
  return { source, target, type: "none", options: ["rbind", ...options] };
}

/** Writes mounts as an fstab, so that one `mount` process makes them all, in order. */
export function toMountTable(entries: readonly MountEntry[]): string {
  return entries
    .map(({ source, target, type, options }) =>
      [source, target, type, options.join(","), "0", "0"].map(escapeField).join(" "),
    )
    .map((line) => `${line}\n`)
    .join("");
}

function escapeField(field: string): string {
  return field.replace(
    /[\s\\#]/g,
    (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}
