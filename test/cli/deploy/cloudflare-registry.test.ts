import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { CliError } from "../../../src/cli/cli-error.ts";
import { createAskWrangler, type AskWrangler } from "../../../src/cli/deploy/ask-wrangler.ts";
import {
  cloudflareRegistryHost,
  openCloudflareRegistry,
} from "../../../src/cli/deploy/cloudflare-registry.ts";

const accountId = "0123456789abcdef0123456789abcdef";
const foreignId = "fedcba9876543210fedcba9876543210";
const grant = { account_id: accountId, username: "v1", password: "secret" };

function answering(answers: Readonly<Record<string, unknown>>): {
  readonly ask: AskWrangler;
  readonly asked: string[];
} {
  const asked: string[] = [];
  const ask: AskWrangler = async (args) => {
    const command = args.join(" ");
    asked.push(command);
    const [, answer] = Object.entries(answers).find(([start]) => command.startsWith(start)) ?? [];
    if (answer === undefined) throw new Error(`wrangler ${command} failed`);
    return `[wrangler:warn] a notice\n${JSON.stringify(answer, undefined, 2)}\n`;
  };
  return { ask, asked };
}

describe("openCloudflareRegistry()", () => {
  it("asks wrangler once for credentials, and anew before they expire", async () => {
    const { ask, asked } = answering({ containers: grant });
    let nowMs = 0;
    const registry = openCloudflareRegistry({ ask, env: {}, nowMs: () => nowMs });
    const expected = { kind: "basic", username: "v1", password: "secret" };
    expect(await registry.credentials("registry.cloudflare.com")).toEqual(expected);
    nowMs = 11 * 60_000;
    expect(await registry.credentials("registry.cloudflare.com")).toEqual(expected);
    expect(asked).toEqual([
      "containers registries credentials --push --pull --json --expiration-minutes=15",
    ]);
    nowMs = 13 * 60_000;
    await registry.credentials("registry.cloudflare.com");
    expect(asked).toHaveLength(2);
  });

  it("asks once when several ask together", async () => {
    const { ask, asked } = answering({ containers: grant });
    const registry = openCloudflareRegistry({ ask, env: {} });
    await Promise.all([1, 2, 3].map(() => registry.credentials("registry.cloudflare.com")));
    expect(asked).toHaveLength(1);
  });

  it("has no credentials of another registry, and asks for none", async () => {
    const { ask, asked } = answering({});
    const registry = openCloudflareRegistry({ ask, env: {} });
    expect(await registry.credentials("registry.example")).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it("asks again after a failure, which says how to log in", async () => {
    const answers: Record<string, unknown> = {};
    const { ask } = answering(answers);
    const registry = openCloudflareRegistry({ ask, env: {} });
    const failing = registry.credentials("registry.cloudflare.com");
    await expect(failing).rejects.toThrow(
      /^\[CREDENTIALS_FAILED\] .*wrangler login.*CLOUDFLARE_API_/,
    );
    answers["containers"] = grant;
    await expect(registry.credentials("registry.cloudflare.com")).resolves.toBeDefined();
  });

  it("leaves the advice to wrangler's own failure, which has another cause", async () => {
    const why = "Cannot run wrangler on Node 20.20.2; it wants 22.12 or newer: install that";
    const ask = (): Promise<string> => Promise.reject(new CliError("NODE_TOO_OLD", why));
    const registry = openCloudflareRegistry({ ask, env: {} });
    const failing = registry.credentials("registry.cloudflare.com");
    await expect(failing).rejects.toThrow(/22\.12 or newer: install that; (?!.*wrangler login)/);
  });

  it("fails without telling the answer when it has no password", async () => {
    const { ask } = answering({ containers: { token: "secret" } });
    const registry = openCloudflareRegistry({ ask, env: {} });
    const error: unknown = await registry.credentials(registry.host).catch((e: unknown) => e);
    expect(String(error)).toContain("printed no user name and password");
    expect(String(error)).not.toContain("secret");
  });

  it.each([
    ["app:1", `registry.cloudflare.com/${accountId}/app:1`],
    ["team/app:1", `registry.cloudflare.com/${accountId}/team/app:1`],
    ["registry.cloudflare.com/app:1", `registry.cloudflare.com/${accountId}/app:1`],
    [`registry.cloudflare.com/${accountId}/app:1`, `registry.cloudflare.com/${accountId}/app:1`],
  ])("qualifies %s", async (name, expected) => {
    const registry = openCloudflareRegistry({ ...answering({ containers: grant }), env: {} });
    expect(await registry.qualify(name)).toBe(expected);
  });

  it("refuses the image of another account", async () => {
    const registry = openCloudflareRegistry({ ...answering({ containers: grant }), env: {} });
    const name = `registry.cloudflare.com/${foreignId}/app:1`;
    await expect(registry.qualify(name)).rejects.toThrow(`belongs to account ${foreignId}`);
  });

  it("takes the account of the environment, or the only one of the login", async () => {
    const { ask, asked } = answering({
      containers: { ...grant, account_id: undefined },
      whoami: { accounts: [{ id: accountId }] },
    });
    const env = { CLOUDFLARE_ACCOUNT_ID: foreignId };
    expect(await openCloudflareRegistry({ ask, env }).qualify("app")).toContain(foreignId);
    expect(asked).toEqual([]);
    expect(await openCloudflareRegistry({ ask, env: {} }).qualify("app")).toContain(accountId);
  });

  it("refuses to guess among several accounts", async () => {
    const { ask } = answering({
      containers: { ...grant, account_id: undefined },
      whoami: { accounts: [{ id: accountId }, { id: foreignId }] },
    });
    const qualifying = openCloudflareRegistry({ ask, env: {} }).qualify("app");
    await expect(qualifying).rejects.toThrow("2 accounts: set CLOUDFLARE_ACCOUNT_ID");
  });
});

describe("cloudflareRegistryHost()", () => {
  it.each([
    [{}, undefined, "registry.cloudflare.com"],
    [{ CLOUDFLARE_CONTAINER_REGISTRY: "127.0.0.1:5000" }, undefined, "127.0.0.1:5000"],
    [{ WRANGLER_API_ENVIRONMENT: "staging" }, undefined, "staging.registry.cloudflare.com"],
    [{}, "fedramp_high", "registry.fed.cloudflare.com"],
    [{ CLOUDFLARE_COMPLIANCE_REGION: "public" }, "fedramp_high", "registry.cloudflare.com"],
  ])("is, with %j and the region %s, %s", (env, region, expected) => {
    expect(cloudflareRegistryHost(env, region)).toBe(expected);
  });
});

describe("createAskWrangler()", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-ask-"));
    const script = join(directory, "wrangler.js");
    await writeFile(
      script,
      `if (process.argv[2] === "whoami") {
        process.stdin.on("end", () => console.log(process.cwd(), process.env.NO_COLOR)).resume();
      } else {
        console.error("\\u001b[31mERROR\\u001b[0m not logged in\\n\\n🪵  Logs were written to x");
        process.exitCode = 3;
      }`,
    );
    await chmod(script, 0o755);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));
  const open = (): AskWrangler =>
    createAskWrangler({
      wrangler: { node: process.execPath, script: join(directory, "wrangler.js"), module: "" },
      projectDir: directory,
      env: process.env,
    });

  it("runs in the project, without input and colors", async () => {
    expect(await open()(["whoami"])).toBe(`${directory} 1\n`);
  });

  it("fails with what wrangler says, and what would do", async () => {
    await expect(open()(["deployments", "list"])).rejects.toThrow(
      "[WRANGLER_FAILED] Cannot run wrangler deployments list: ERROR not logged in; " +
        "run npx wrangler login, or set CLOUDFLARE_API_TOKEN",
    );
  });

  it("ends when it is told to", async () => {
    const ask = createAskWrangler({
      wrangler: { node: process.execPath, script: join(directory, "wrangler.js"), module: "" },
      projectDir: directory,
      env: process.env,
      signal: AbortSignal.abort(),
    });
    await expect(ask(["whoami"])).rejects.toThrow("[WRANGLER_FAILED]");
  });
});
