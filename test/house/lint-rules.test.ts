import { beforeAll, describe, expect, it } from "vitest";
import { lintPlanted } from "./planted-faults.ts";

const lines = (count: number): string => "touch();\n".repeat(count);

// One fault a file, so that a finding can only come from the fault that is meant.
const faults = {
  "src/core/clean.ts": `import { code } from "../errors/clean.ts";\nexport const text = code;\n`,
  "src/errors/clean.ts": `export const code = "CODE";\n`,
  "src/worker/platform.ts": `import { DurableObject } from "cloudflare:workers";\nexport class Box extends DurableObject {}\n`,
  "src/engine/store.ts": `import "node:fs";\nexport { layer } from "../images/layer.ts";\n`,
  "src/images/layer.ts": `export const layer = "a";\n`,

  "src/engine/floating.ts": `export function run(): void {\n  Promise.resolve(1);\n}\n`,
  "src/engine/misused.ts": `export function run(): void {\n  [1].forEach(async () => {\n    await Promise.resolve();\n  });\n}\n`,
  "src/engine/switch.ts": `type Kind = "a" | "b";\nexport function name(kind: Kind): string {\n  switch (kind) {\n    case "a":\n      return "A";\n  }\n  return "";\n}\n`,
  "src/engine/any.ts": `export const value = (input: any): string => String(input);\n`,
  "src/engine/from-json.ts": `export const field = (text: string): string => JSON.parse(text).field;\n`,
  "src/engine/as-never.ts": `export const value = "a" as never;\n`,
  "src/engine/ts-ignore.ts": `// @ts-ignore\nexport const value: number = "a";\n`,
  "src/engine/cycle-a.ts": `import { b } from "./cycle-b.ts";\nexport const a = (): string => b;\n`,
  "src/engine/cycle-b.ts": `import { a } from "./cycle-a.ts";\nexport const b = typeof a;\n`,
  "src/engine/long-file.ts": `export const last = 1;\n${"// a line\n".repeat(300)}`,
  "src/engine/long-function.ts": `declare function touch(): void;\nexport function long(): void {\n${lines(39)}}\n`,
  "src/engine/complex.ts": `export function pick(a: number): number {\n${Array.from({ length: 10 }, (_, index) => `  if (a === ${index}) return ${index + 1};\n`).join("")}  return 0;\n}\n`,
  "src/engine/deep.ts": `export function deep(a: boolean): number {\n  if (a) {\n    for (;;) {\n      while (a) {\n        if (a) return 1;\n      }\n    }\n  }\n  return 0;\n}\n`,
  "src/engine/params.ts": `export const four = (a: 1, b: 2, c: 3, d: 4): number => a + b + c + d;\n`,
  "src/engine/private.ts": `export class Box {\n  private size = 1;\n  read(): number {\n    return this.size;\n  }\n}\n`,
  "src/engine/protected.ts": `export class Box {\n  protected read(): number {\n    return 1;\n  }\n}\n`,
  "src/engine/default.ts": `export default 1;\n`,
  "src/engine/utils.ts": `export const a = 1;\n`,
  "src/engine/common/a.ts": `export const a = 1;\n`,

  "src/core/date.ts": `export const now = (): number => Date.now();\n`,
  "src/core/random.ts": `export const draw = (): number => Math.random();\n`,
  "src/core/timer.ts": `export const later = (run: () => void): void => void setTimeout(run, 1);\n`,
  "src/core/fetch.ts": `export const get = (url: string): Promise<Response> => fetch(url);\n`,
  "src/core/crypto.ts": `export const id = (): string => crypto.randomUUID();\n`,
  "src/core/to-engine.ts": `export { layer } from "../engine/store.ts";\n`,
  "src/core/to-ports.ts": `import type { Clock } from "../ports/clock.ts";\nexport type Time = Clock;\n`,
  "src/core/to-node.ts": `import "node:fs";\n`,
  "src/ports/clock.ts": `export interface Clock {\n  nowMs(): number;\n}\n`,
  "src/ports/to-worker.ts": `export { Box } from "../worker/platform.ts";\n`,
  "src/worker/to-node.ts": `import "node:fs";\n`,
  "src/worker/to-package.ts": `import "picocolors";\n`,
  "src/worker/to-testing.ts": `export { fake } from "../testing/fake.ts";\n`,
  "src/testing/fake.ts": `export const fake = 1;\n`,
  "src/testing/to-workers.ts": `import "cloudflare:workers";\n`,
  "src/testing/to-engine.ts": `export const load = (): Promise<unknown> => import("../engine/store.ts");\n`,
  "src/images/to-engine.ts": `export { layer } from "../engine/store.ts";\n`,
  "src/images/to-workers.ts": `import "cloudflare:workers";\n`,
  "src/engine/to-cli.ts": `export { main } from "../cli/main.ts";\n`,
  "src/engine/to-worker.ts": `export { Box } from "../worker/platform.ts";\n`,
  "src/cli/main.ts": `export { layer as main } from "../images/layer.ts";\n`,
  "src/cli/to-worker.ts": `export { Box } from "../worker/platform.ts";\n`,
  "src/index.ts": `export { layer } from "./engine/store.ts";\n`,
  "src/novel/a.ts": `export { layer } from "../images/layer.ts";\n`,
};

describe("lint rules", () => {
  let findings: ReadonlyMap<string, ReadonlySet<string>>;

  beforeAll(() => {
    findings = lintPlanted(faults);
  });

  function rulesOf(path: keyof typeof faults): readonly string[] {
    return [...(findings.get(path) ?? [])].toSorted();
  }

  it.each([
    "src/core/clean.ts",
    "src/errors/clean.ts",
    "src/worker/platform.ts",
    "src/engine/store.ts",
    "src/images/layer.ts",
    "src/ports/clock.ts",
    "src/cli/main.ts",
  ] as const)("finds nothing in %s, which is as it should be", (path) => {
    expect(rulesOf(path)).toEqual([]);
  });

  it.each([
    ["a promise that nobody awaits", "src/engine/floating.ts", "typescript(no-floating-promises)"],
    ["a promise where none is read", "src/engine/misused.ts", "typescript(no-misused-promises)"],
    ["a missing case", "src/engine/switch.ts", "typescript(switch-exhaustiveness-check)"],
    ["any", "src/engine/any.ts", "typescript(no-explicit-any)"],
    ["any that came in unseen", "src/engine/from-json.ts", "typescript(no-unsafe-return)"],
    ["as never", "src/engine/as-never.ts", "house(no-as-never)"],
    ["@ts-ignore", "src/engine/ts-ignore.ts", "typescript(ban-ts-comment)"],
    ["an import cycle", "src/engine/cycle-a.ts", "import(no-cycle)"],
    ["a file of 301 lines", "src/engine/long-file.ts", "eslint(max-lines)"],
    ["a function of 41 lines", "src/engine/long-function.ts", "eslint(max-lines-per-function)"],
    ["11 paths through a function", "src/engine/complex.ts", "eslint(complexity)"],
    ["four levels of blocks", "src/engine/deep.ts", "eslint(max-depth)"],
    ["four parameters", "src/engine/params.ts", "eslint(max-params)"],
    ["a private property", "src/engine/private.ts", "house(no-accessibility)"],
    ["a protected method", "src/engine/protected.ts", "house(no-accessibility)"],
    ["a default export", "src/engine/default.ts", "import(no-default-export)"],
    ["utils.ts", "src/engine/utils.ts", "house(no-vague-file-name)"],
    ["a folder named common", "src/engine/common/a.ts", "house(no-vague-file-name)"],
  ] as const)("finds %s", (_, path, rule) => {
    expect(rulesOf(path)).toContain(rule);
  });

  it.each([
    ["Date", "src/core/date.ts", "eslint(no-restricted-globals)"],
    ["Math.random", "src/core/random.ts", "eslint(no-restricted-properties)"],
    ["setTimeout", "src/core/timer.ts", "eslint(no-restricted-globals)"],
    ["fetch", "src/core/fetch.ts", "eslint(no-restricted-globals)"],
    ["crypto", "src/core/crypto.ts", "eslint(no-restricted-globals)"],
  ] as const)("finds %s in core", (_, path, rule) => {
    expect(rulesOf(path)).toContain(rule);
  });

  it.each([
    "src/core/to-engine.ts",
    "src/core/to-ports.ts",
    "src/core/to-node.ts",
    "src/ports/to-worker.ts",
    "src/worker/to-node.ts",
    "src/worker/to-package.ts",
    "src/worker/to-testing.ts",
    "src/testing/to-workers.ts",
    "src/testing/to-engine.ts",
    "src/images/to-engine.ts",
    "src/images/to-workers.ts",
    "src/engine/to-cli.ts",
    "src/engine/to-worker.ts",
    "src/cli/to-worker.ts",
    "src/index.ts",
    "src/novel/a.ts",
  ] as const)("finds the forbidden arrow in %s", (path) => {
    expect(rulesOf(path)).toContain("house(folder-arrows)");
  });
});
