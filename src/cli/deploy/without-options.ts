/** @returns just some options that have a value, with it, in any of their spellings */
export function onlyOptions(args: readonly string[], names: readonly string[]): readonly string[] {
  const before = args.slice(0, args.includes("--") ? args.indexOf("--") : args.length);
  const kept = withoutOptions(before, names);
  let next = 0;
  return before.filter((arg) => {
    const isKept = arg === kept[next];
    if (isKept) next += 1;
    return !isKept;
  });
}

/** @returns arguments without some options that have a value, in any of their spellings */
export function withoutOptions(
  args: readonly string[],
  names: readonly string[],
): readonly string[] {
  const kept: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (arg === "--") return [...kept, ...args.slice(at)];
    if (names.includes(arg)) at += 1;
    else if (!names.some((name) => arg.startsWith(`${name}=`))) kept.push(arg);
  }
  return kept;
}
