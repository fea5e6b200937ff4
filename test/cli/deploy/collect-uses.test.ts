import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { AskWrangler } from "../../../src/cli/deploy/ask-wrangler.ts";
import { collectUses, type UseSources } from "../../../src/cli/deploy/collect-uses.ts";
import { decideDelete, type KnownUses } from "../../../src/images/guard/refuse-used.ts";

const account = "registry.cloudflare.com/0123";
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const versionId = (start: string): string => `${start}-0000-4000-8000-000000000000`;

const answers = {
  "versions list": [
    { id: versionId("aaaaaaaa"), metadata: {} },
    {
      id: versionId("bbbbbbbb"),
      resources: {
        script_runtime: {
          containers: [
            { class_name: "Jobs", images: { small: `${account}/small@${digest("5")}` } },
          ],
        },
      },
    },
  ],
  "deployments list": [
    { created_on: "2026-01-01", versions: [{ version_id: versionId("aaaaaaaa") }] },
    { created_on: "2026-02-01", versions: [{ version_id: versionId("cccccccc") }] },
  ],
  "containers list": [{ id: "one", name: "app", image: `${account}/app@${digest("1")}` }],
  "containers info": {
    configuration: { image: `${account}/app@${digest("1")}` },
    scheduling_hint: { target: { configuration: { image: `app@${digest("2")}` } } },
  },
};

describe("collectUses()", () => {
  let directory: string;
  let configPath: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-uses-"));
    configPath = join(directory, "wrangler.jsonc");
    await writeFile(join(directory, "Dockerfile"), "FROM scratch\n");
    await writeFile(
      configPath,
      JSON.stringify({
        name: "app",
        containers: [
          { class_name: "Built", image: "./Dockerfile" },
          { class_name: "App", image: "app:7" },
          { class_name: "Jobs", images: { small: { image: `${account}/jobs@${digest("3")}` } } },
        ],
        env: { staging: { containers: [{ class_name: "App", image: "docker.io/x/app:8" }] } },
      }),
    );
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const collect = (
    given: Readonly<Record<string, unknown>>,
    change: Partial<UseSources> = {},
  ): Promise<KnownUses> => {
    const ask: AskWrangler = async (args) => {
      const answer = given[args.slice(0, 2).join(" ")];
      if (answer instanceof Error) throw answer;
      return JSON.stringify(answer);
    };
    const qualify = async (name: string): Promise<string> => `${account}/${name}`;
    return collectUses({ ask, qualify, configPaths: [configPath], keepFile: undefined, ...change });
  };
  const decide = (known: KnownUses, repository: string, tags: string[], its?: string): string[] => {
    const image = { repository, tags, ...(its !== undefined && { digest: its }) };
    const decision = decideDelete(image, known, "check");
    return decision.kind === "delete" ? [] : [...decision.reasons];
  };

  it("knows what the configuration uses, in every environment", async () => {
    const known = await collect(answers);
    expect(known.unknown).toEqual([]);
    expect(decide(known, `${account}/app`, ["7"])).toEqual([
      "wrangler.jsonc, container App (the next deployment fails)",
    ]);
    expect(decide(known, `${account}/jobs`, [], digest("3"))).toHaveLength(1);
    expect(decide(known, "docker.io/x/app", ["8"])).toEqual([
      "wrangler.jsonc, env staging, container App (the next deployment fails)",
    ]);
    expect(decide(known, `${account}/app`, ["6"])).toEqual([]);
  });

  it("knows what runs, and what a rollout brings", async () => {
    const known = await collect(answers);
    const reason = "the deployed container app (its next instance cannot start)";
    expect(decide(known, `${account}/app`, [], digest("1"))).toEqual([reason]);
    expect(decide(known, `${account}/app`, [], digest("2"))).toEqual([reason]);
  });

  it("knows the versions that a rollback reaches, by their tags and by their images", async () => {
    const known = await collect(answers);
    const [today] = decide(known, `${account}/app`, ["cccccccc"]);
    expect(today).toContain(`the deployed version ${versionId("cccccccc")}`);
    const [older] = decide(known, `${account}/app`, ["aaaaaaaa"]);
    expect(older).toBe(`version ${versionId("aaaaaaaa")} (a rollback to it fails)`);
    const [pinned] = decide(known, `${account}/small`, [], digest("5"));
    expect(pinned).toBe(`version ${versionId("bbbbbbbb")} (a rollback to it fails)`);
    expect(decide(known, `${account}/app`, ["dddddddd"])).toEqual([]);
  });

  it("keeps what looks like a version's when wrangler lists only the newest", async () => {
    const ids = Array.from({ length: 10 }, (_, at) => ({ id: versionId(`1111111${at}`) }));
    const known = await collect({ ...answers, "versions list": ids });
    const [reason] = decide(known, `${account}/app`, ["dddddddd"]);
    expect(reason).toContain("perhaps a version older than the 10 that wrangler lists");
  });

  it("takes a Worker that was never deployed for one without versions", async () => {
    const never = new Error("This Worker does not exist on your account. [code: 10007]");
    const known = await collect({ ...answers, "versions list": never, "deployments list": never });
    expect(known.unknown).toEqual([]);
  });

  it("does not know when wrangler fails, and refuses then", async () => {
    const failure = new Error("not logged in");
    const known = await collect({
      ...answers,
      "versions list": failure,
      "containers list": failure,
    });
    expect(known.unknown).toEqual([
      `wrangler does not say which versions of ${configPath} there are: not logged in`,
      `wrangler does not say which versions of ${configPath}, env staging there are: not logged in`,
      "wrangler does not say which containers are deployed: not logged in",
    ]);
    expect(decide(known, `${account}/app`, ["6"])).toHaveLength(3);
  });

  it("asks for no versions of a top level that has no name", async () => {
    const text = await readFile(configPath, "utf8");
    await writeFile(configPath, text.replace('"name":"app",', ""));
    const known = await collect({ ...answers, "versions list": new Error("not logged in") });
    expect(known.unknown).toEqual([expect.stringContaining("env staging")]);
  });

  it("does not know a Worker's versions without its configuration", async () => {
    const known = await collect(answers, { configPaths: [] });
    expect(known.unknown).toEqual([expect.stringContaining("give --config")]);
  });

  it("asks wrangler nothing when what is deployed does not count", async () => {
    const ask = async (): Promise<string> => {
      throw new Error("it was asked");
    };
    const known = await collect({}, { ask, deployed: "skip" });
    expect(known.unknown).toEqual([]);
    expect(decide(known, `${account}/app`, ["7"])).toHaveLength(1);
  });

  it("does not trust a full page of containers to be the last", async () => {
    const page = Array.from({ length: 25 }, () => ({ id: "one", name: "app" }));
    const known = await collect({ ...answers, "containers list": page });
    expect(known.unknown).toEqual([expect.stringContaining("the first 25 containers")]);
  });

  it("takes a keep file for what wrangler cannot say", async () => {
    const keepFile = join(directory, "keep.txt");
    await writeFile(keepFile, `# kept\n\n${account}/app:6 # the last good one\n${digest("9")}\n`);
    const failure = new Error("not logged in");
    const known = await collect({ ...answers, "versions list": failure }, { keepFile });
    expect(known.unknown).toEqual([]);
    expect(decide(known, `${account}/app`, ["6"])).toEqual([
      `${keepFile}, line 3 (it is to be kept)`,
    ]);
    expect(decide(known, "anything", [], digest("9"))).toHaveLength(1);
    expect(decide(known, `${account}/app`, ["5"])).toEqual([]);
  });

  it.each([
    ["two words", 'line 1 is "two words"'],
    ["word", 'line 1 is "word"'],
  ])("refuses a keep file with %s", async (text, message) => {
    const keepFile = join(directory, "keep.txt");
    await writeFile(keepFile, text);
    await expect(collect(answers, { keepFile })).rejects.toThrow(message);
  });
});
