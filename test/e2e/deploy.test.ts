import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";

import {
  ACCOUNT_ID,
  REGISTRY_HTPASSWD,
  REGISTRY_LOGIN,
  startCloudflareApi,
  type CloudflareApi,
} from "../cli/deploy/cloudflare-api.ts";
import {
  hasRegistry,
  startRealRegistry,
  type RealRegistry,
} from "../images/registry/docker-registry.ts";
import { createProject, REPOSITORY, type Project } from "./project.ts";

interface Step {
  readonly run?: string;
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

interface Ran {
  readonly exitCode: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

describe.skipIf(!hasRegistry)("examples/ci (needs docker-registry)", () => {
  let project: Project;
  let registry: RealRegistry;
  let api: CloudflareApi;
  let workflow: Workflow;
  let configText: string;

  beforeAll(async () => {
    project = await createProject("examples/ci");
    registry = await startRealRegistry({ htpasswd: REGISTRY_HTPASSWD });
    api = await startCloudflareApi(registry.host);
    const path = join(project.path, ".github/workflows/deploy.yml");
    workflow = parse(await readFile(path, "utf8"));
    configText = await readFile(join(project.path, "wrangler.jsonc"), "utf8");
    // The base image is elsewhere on the internet.
    const dockerfile = join(project.path, "container/Dockerfile");
    const lines = (await readFile(dockerfile, "utf8")).replace(/^FROM .*$/m, "FROM scratch");
    await writeFile(dockerfile, lines);
  });
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
    await project?.[Symbol.asyncDispose]();
  });

  /** Starts a command of a job of the workflow that is berth's, the first or another, as it stands. */
  const startJob = (
    job: string,
    nth = 0,
  ): { readonly pid: number | undefined; readonly ran: Promise<Ran> } => {
    const steps = workflow.jobs[job]?.steps ?? [];
    const commands = steps.flatMap(({ run }) => (run?.startsWith("npx berth ") ? [run] : []));
    const line = commands[nth];
    expect(line, `command ${nth} of the job ${job}`).toBeDefined();
    const script = join(REPOSITORY, "dist/cli.js");
    const command = `exec "${process.execPath}" "${script}" ${line?.slice("npx berth ".length)}`;
    const { PATH } = process.env;
    const home = { PATH, HOME: project.tmpDir, WRANGLER_LOG_PATH: join(project.tmpDir, "logs") };
    const child = spawn("sh", ["-c", command], {
      cwd: project.path,
      env: { ...home, ...project.env, ...api.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = Promise.all([text(child.stdout), text(child.stderr)]);
    const ran = async (): Promise<Ran> => {
      const [exitCode]: unknown[] = await once(child, "close");
      const [stdout, stderr] = await output;
      return { exitCode, stdout, stderr };
    };
    return { pid: child.pid, ran: ran() };
  };
  const runJob = (job: string, nth?: number): Promise<Ran> => startJob(job, nth).ran;

  const ask = async (path: string, method = "GET"): Promise<Response> => {
    const { username, password } = REGISTRY_LOGIN;
    const login = Buffer.from(`${username}:${password}`).toString("base64");
    const accept = "application/vnd.oci.image.manifest.v1+json";
    const headers = { authorization: `Basic ${login}`, accept };
    return fetch(`http://${registry.host}/v2/${path}`, { method, headers });
  };

  it("checks a pull request: builds, and sends nothing", async () => {
    const { exitCode, stdout, stderr } = await runJob("check");
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toContain("--dry-run: exiting now.");
    expect(api.versions).toEqual([]);
    expect(api.requests).toEqual([]);
    expect(await (await ask("_catalog")).json()).toEqual({ repositories: [] });
  });

  it("deploys what it pushed, by its digest, and leaves the configuration as it is", async () => {
    const { exitCode, stdout, stderr } = await runJob("deploy");
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    const image = String(api.applications[0]?.configuration["image"]);
    const repository = `${ACCOUNT_ID}/ci-app`;
    expect(image).toMatch(new RegExp(`^${registry.host}/${repository}@sha256:[0-9a-f]{64}$`));
    const digest = image.split("@")[1];
    const versionTag = api.versions[0]?.id.split("-")[0];
    for (const reference of [digest, versionTag]) {
      const answer = await ask(`${repository}/manifests/${reference}`, "HEAD");
      expect(answer.headers.get("docker-content-digest"), reference).toBe(digest);
    }
    expect(await readFile(join(project.path, "wrangler.jsonc"), "utf8")).toBe(configText);
    expect(await readdir(project.path)).not.toContainEqual(
      expect.stringMatching(/^\.berth-deploy/),
    );
    expect(stdout + stderr).not.toContain(REGISTRY_LOGIN.password);
  });

  it("ends wrangler and leaves nothing behind when it is interrupted", async () => {
    const upload = api.holdNext(/^PUT .*\/workers\/scripts\//);
    const { pid, ran } = startJob("deploy");
    await Promise.race([upload, ran]);
    process.kill(Number(pid), "SIGTERM");
    const { exitCode, stderr } = await ran;
    expect(exitCode, stderr).toBe(143);
    expect(await readdir(project.path)).not.toContainEqual(
      expect.stringMatching(/^\.berth-deploy/),
    );
    expect(api.versions).toHaveLength(1);
  });

  it("deploys the same digest again, and knows both versions' images for used", async () => {
    const image = api.applications[0]?.configuration["image"];
    const again = await runJob("deploy");
    expect(again.exitCode, again.stderr).toBe(0);
    expect(api.versions).toHaveLength(2);
    expect(api.applications.map(({ configuration }) => configuration["image"])).toEqual([image]);
    const { exitCode, stdout, stderr } = await runJob("prune");
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain("the deployed container ci-app (its next instance cannot start)");
    const [first, second] = api.versions.map(({ id }) => id);
    expect(stdout).toContain(`the deployed version ${second}`);
    expect(stdout).toContain(`version ${first} (a rollback to it fails)`);
    expect(stdout).toContain(`nothing in ${registry.host}/${ACCOUNT_ID}/ci-app is unused`);
    const kept = await runJob("deploy", 1);
    expect(kept).toMatchObject({ exitCode: 0, stdout: "nothing in the store is unused\n" });
  });
});
