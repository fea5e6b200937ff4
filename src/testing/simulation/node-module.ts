/** A module of Node's own, where the platform has it: in Node, and in workerd with `nodejs_compat`. */
export function nodeModule(name: string): Readonly<Record<string, unknown>> | undefined {
  const process: unknown = Reflect.get(globalThis, "process");
  if (typeof process !== "object" || process === null) return undefined;
  const find: unknown = Reflect.get(process, "getBuiltinModule");
  if (typeof find !== "function") return undefined;
  const found: unknown = Reflect.apply(find, process, [name]);
  return typeof found === "object" && found !== null ? { ...found } : undefined;
}
