import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import {
  ACCOUNT_IMAGES_MB,
  INSTANCE_DISK_MB,
  INSTANCE_TYPES,
  SIZE_LIMITS,
} from "../../src/core/image/instance-limits.ts";

const root = join(import.meta.dirname, "../..");
const page = await readFile(join(root, "docs/images.md"), "utf8");

/** The cells of a table's row, by its first one. */
function rowOf(first: string): readonly string[] {
  const line = page.split("\n").find((text) => text.startsWith(`| ${first} `));
  return (line ?? "").split("|").map((cell) => cell.trim());
}

describe("docs/images.md", () => {
  it("has the limits that are checked", () => {
    const heads = rowOf("instance type");
    const gb = rowOf("GB");
    const shown = Object.fromEntries(heads.map((head, at) => [head, gb[at]]));
    for (const type of INSTANCE_TYPES) {
      expect(shown[`\`${type}\``], type).toBe(String(INSTANCE_DISK_MB[type] / 1000));
    }
    expect(shown["account"]).toBe(String(ACCOUNT_IMAGES_MB / 1000));
    expect(page).toContain(`at most ${SIZE_LIMITS.maxDiskMb / 1000} GB`);
  });

  it("explains every code of an error of images", async () => {
    const source = await readFile(join(root, "src/images/image-error.ts"), "utf8");
    const [union = ""] = source.split(";");
    const codes = [...union.matchAll(/\| "([A-Z_]+)"/g)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(20);
    const explained = new Set([...page.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code));
    expect(codes.filter((code) => !explained.has(code))).toEqual([]);
  });

  it("leads to files that are there", async () => {
    const links = [...page.matchAll(/\]\(\.\.\/([^)#]+)/g)].map(([, path = ""]) => path);
    expect(links.length).toBeGreaterThan(2);
    for (const path of links.filter((each) => /\.\w+$/.test(each))) {
      expect(await readFile(join(root, path), "utf8"), path).not.toBe("");
    }
  });
});

interface Workflow {
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

describe("examples/ci", () => {
  it("pins its actions, names its secrets, and keeps the image store", async () => {
    const text = await readFile(join(root, "examples/ci/.github/workflows/deploy.yml"), "utf8");
    const { env, jobs }: Workflow = parse(text);
    const steps = Object.values(jobs).flatMap((job) => job.steps);
    const actions = steps.flatMap(({ uses }) => uses ?? []);
    expect(actions.filter((uses) => !/@(v\d+|[0-9a-f]{40})$/.test(uses))).toEqual([]);
    expect(env["CLOUDFLARE_API_TOKEN"]).toBe("${{ secrets.CLOUDFLARE_API_TOKEN }}");
    const caches = steps.filter(({ uses }) => uses?.startsWith("actions/cache"));
    expect(caches.map((step) => step.with?.["path"])).toEqual(
      Array(2).fill("${{ env.BERTH_IMAGES_DIR }}"),
    );
    expect(Object.keys(env)).toContain("BERTH_IMAGES_DIR");
  });
});
