import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { REPOSITORY } from "./project.ts";

const TIMEOUT_MS = 120_000;

const CONFIG = {
  name: "typed",
  main: "index.ts",
  compatibility_date: "2026-08-01",
  containers: [{ class_name: "App", image: "./Dockerfile" }],
  durable_objects: { bindings: [{ name: "APP", class_name: "App" }] },
  kv_namespaces: [{ binding: "KV", id: "0123456789abcdef0123456789abcdef" }],
  migrations: [{ tag: "v1", new_sqlite_classes: ["App"] }],
};

const WORKER = `
import { Container, ContainerProxy, getContainer, type OutboundHandler } from "@berth/containers";
export { ContainerProxy };
const uploads: OutboundHandler<Env> = async (request, env) =>
  new Response(await env.KV.get(request.url));
export class App extends Container<Env> {
  override defaultPort = 8080;
  override allowedHosts = ["uploads.internal"];
  static override outboundByHost = { "uploads.internal": uploads };
  override onStart(): void {
    const kv: KVNamespace = this.env.KV;
    void kv;
  }
  async greet(name: string): Promise<number> { return name.length; }
}
export default {
  async fetch(request, env): Promise<Response> {
    const length: number = await getContainer(env.APP, "a").greet("ada");
    // @ts-expect-error a name is a string
    await getContainer(env.APP, "a").greet(length);
    return await getContainer(env.APP, "a").fetch(request);
  },
} satisfies ExportedHandler<Env>;
`;

const TSCONFIG = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024", "esnext.disposable"],
    module: "esnext",
    moduleResolution: "bundler",
    strict: true,
    noImplicitOverride: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    types: [],
  },
  files: ["index.ts", "worker-configuration.d.ts"],
};

const run = promisify(execFile);
let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "berth-types-"));
  await mkdir(join(project, "node_modules/@berth"), { recursive: true });
  await symlink(REPOSITORY, join(project, "node_modules/@berth/containers"));
  await writeFile(join(project, "wrangler.jsonc"), JSON.stringify(CONFIG));
  await writeFile(join(project, "Dockerfile"), "FROM scratch\n");
  await writeFile(join(project, "index.ts"), WORKER);
  await writeFile(join(project, "tsconfig.json"), JSON.stringify(TSCONFIG));
});
afterAll(() => rm(project, { recursive: true, force: true }));

it(
  "A Worker with the types that wrangler writes knows its containers",
  { timeout: TIMEOUT_MS },
  async () => {
    const tool = (name: string): string => join(REPOSITORY, "node_modules", name);
    const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "true" };
    const options = { cwd: project, env };
    await run(process.execPath, [tool("wrangler/bin/wrangler.js"), "types"], options);
    const { stdout } = await run(process.execPath, [tool("typescript/bin/tsc"), "-p", "."], options)
      // what it found is on its output
      .catch((error: unknown) => error as { readonly stdout: string });
    expect(stdout).toBe("");
  },
);
