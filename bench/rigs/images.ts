import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFreePort, startServer } from "../background-server.ts";
import { peakMemoryMb, runCommand } from "../child-process.ts";
import { findBuildah, openDocker, type Rival } from "../docker-tools.ts";
import { createLargeContext, ImageContext } from "../image-context.ts";
import { interleave, median, noiseOf, ratioOf, type Samples } from "../measure.ts";
import { exportImage } from "../../src/images/oci/export-image.ts";
import { openImageStore } from "../../src/images/image-store.ts";
import { openRegistry } from "../../src/images/registry/open-registry.ts";
import { pushImage } from "../../src/images/registry/push-image.ts";
import { parseReference } from "../../src/images/registry/reference.ts";
import { boundRow, ratioRow, ratioText, toShort } from "../print.ts";
import type { Rig, RigOptions, Row } from "../rig.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const REGISTRY = "/usr/bin/docker-registry";
const HEADS_AT_ONCE = 4;
const LARGE_BYTES = 2e9;

interface Ground {
  readonly directory: string;
  readonly registry: string;
  readonly context: ImageContext;
  readonly rivals: readonly Rival[];
}

/** Builds and pushes, beside Docker and buildah, to a registry on the loopback. */
export const images: Rig = {
  name: "images",
  title: "Images: build and push of a Node app in 5 layers to a registry on the loopback (gzip)",
  async run({ pairs }: RigOptions): Promise<readonly Row[]> {
    if (!existsSync(REGISTRY)) {
      return [{ what: "not measured", measured: "no docker-registry: apt-get install it" }];
    }
    const directory = await mkdtemp(join(tmpdir(), "berth-bench-images-"));
    await using parts = new AsyncDisposableStack();
    parts.defer(() => rm(directory, { recursive: true, force: true }));
    const registry = await startRegistry(directory, parts);
    const context = await ImageContext.create(join(directory, "context"));
    const rivals = [
      ...(await openDocker(join(directory, "docker"), parts)),
      ...findBuildah(join(directory, "buildah")),
    ];
    const ground = { directory, registry, context, rivals };
    return [
      ...(await timeBuilds(ground, pairs)),
      ...(await timeUnchanged(ground, pairs)),
      ...(await measureMemory(ground)),
    ];
  },
};

async function startRegistry(directory: string, parts: AsyncDisposableStack): Promise<string> {
  const host = `127.0.0.1:${await findFreePort()}`;
  const config = join(directory, "registry.yml");
  const storage = { filesystem: { rootdirectory: join(directory, "registry") } };
  // JSON is YAML.
  const text = { version: 0.1, storage, http: { addr: host }, log: { level: "error" } };
  await writeFile(config, JSON.stringify(text));
  const isUp = async (): Promise<boolean> => (await fetch(`http://${host}/v2/`)).ok;
  parts.use(await startServer([REGISTRY, "serve", config], isUp));
  return host;
}

function berth({ directory, registry }: Ground, name: string): Rival {
  const imagesDir = join(directory, name);
  return {
    name: "berth images build -p",
    buildAndPush: async (contextDir, tag) => {
      const flags = ["--images-dir", imagesDir, "-p", "-t", `${registry}/${name}/${tag}`];
      return (await runCommand([process.execPath, CLI, "images", "build", ...flags, contextDir]))
        .tookMs;
    },
  };
}

/** One round: all layers anew for each builder, then one file of the last layer. */
async function timeBuilds(ground: Ground, pairs: number): Promise<readonly Row[]> {
  const { context, registry, rivals } = ground;
  const ours = berth(ground, "berth");
  const others = rivals.map((rival, index): Rival => {
    const name = `rival-${index}`;
    const buildAndPush = (contextDir: string, tag: string): Promise<number> =>
      rival.buildAndPush(contextDir, `${registry}/${name}/${tag}`);
    return { name: rival.name, buildAndPush };
  });
  const all = [ours, { ...ours, name: "A/A" }, ...others];
  const time = (rival: Rival, change: () => Promise<void>) => async (): Promise<number> => {
    await change();
    return rival.buildAndPush(context.directory, "app:1");
  };
  const cold = await interleave(
    toVariants(all, (rival) => time(rival, () => context.changeAll())),
    pairs,
  );
  const warm = await interleave(
    toVariants(all, (rival) => time(rival, () => context.changeOne())),
    pairs,
  );
  return [
    ...toRows("cold", { samples: cold, all, atLeast: 3 }),
    ...toRows("one file changed", { samples: warm, all, atLeast: 10 }),
  ];
}

function toVariants(
  all: readonly Rival[],
  run: (rival: Rival) => () => Promise<number>,
): Readonly<Record<string, () => Promise<number>>> {
  return Object.fromEntries(all.map((rival) => [rival.name, run(rival)]));
}

interface Table {
  readonly samples: Samples<string>;
  readonly all: readonly Rival[];
  /** How many times as fast as the first rival we have to be. */
  readonly atLeast: number;
}

function toRows(what: string, { samples, all, atLeast }: Table): readonly Row[] {
  const [ours, again, target, ...rest] = all.map(({ name }) => samples[name] ?? []);
  const [, , first, ...names] = all.map(({ name }) => name);
  const control = ratioOf(again ?? [], ours ?? []);
  const rows: Row[] = [
    { what: `${what}: median`, measured: `${toShort(median(ours ?? []))} ms` },
    { what: `${what}, A/A`, measured: ratioText(control) },
  ];
  if (first !== undefined) {
    const ratio = ratioOf(target ?? [], ours ?? []);
    rows.push(ratioRow(`${what}: ${first} takes`, ratio, { atLeast, control }));
  }
  for (const [index, name] of names.entries()) {
    rows.push(ratioRow(`${what}: ${name} takes`, ratioOf(rest[index] ?? [], ours ?? [])));
  }
  return rows;
}

/** The same image pushed again, beside as many plain HEAD requests of the blobs. */
async function timeUnchanged(ground: Ground, pairs: number): Promise<readonly Row[]> {
  const { registry, directory } = ground;
  const name = `${registry}/berth/app:1`;
  const push = [CLI, "images", "push", "--json", "--images-dir", join(directory, "berth"), name];
  const again = await runCommand([process.execPath, ...push]);
  const { sentBytes } = JSON.parse(again.stdout) as { readonly sentBytes: number };
  const pushed = await openPush(ground, name);
  const heads = (): Promise<number> => timeHeads(registry, pushed.paths);
  const samples = await interleave({ heads, control: heads, push: pushed.push }, pairs);
  const control = ratioOf(samples.control, samples.heads);
  const ratio = ratioOf(samples.push, samples.heads);
  return [
    boundRow("pushed again: bytes of blobs sent", { value: sentBytes, atMost: 0 }),
    {
      what: `pushed again: ${pushed.paths.length} HEAD requests, A/A`,
      measured: ratioText(control),
    },
    { what: "pushed again, beside them", measured: ratioText(ratio) },
    boundRow("pushed again, beside them: median", {
      value: ratio.median,
      atMost: 5,
      unit: "×",
      noise: noiseOf(control),
    }),
  ];
}

interface Push {
  /** Of the blobs, in the registry. */
  readonly paths: readonly string[];
  /** Pushes under a name that is new, and measures it. */
  readonly push: () => Promise<number>;
}

/** In this process, as the requests that it is measured beside are. */
async function openPush({ directory, registry: host }: Ground, name: string): Promise<Push> {
  const store = await openImageStore(join(directory, "berth"));
  const found = await store.get(name);
  if (found === undefined) throw new Error(`Cannot push ${name}: it is not in the store`);
  const image = await exportImage(store, found, { compression: "gzip" });
  const credentials = (): Promise<undefined> => Promise.resolve(undefined);
  const registry = openRegistry({ credentials, userAgent: "berth-bench" });
  const { repository } = parseReference(name);
  let round = 0;
  return {
    paths: [image.config, ...image.layers].map(({ digest }) => `/v2/${repository}/blobs/${digest}`),
    push: async () => {
      round += 1;
      const reference = `${host}/${repository}:again-${round}`;
      const beganAtMs = performance.now();
      const { sentBytes } = await pushImage({ registry, blobs: store.blobs, image, reference });
      if (sentBytes > 0) throw new Error(`Sent ${sentBytes} bytes of an image that is there`);
      return performance.now() - beganAtMs;
    },
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: HEADS_AT_ONCE });

/** Asks for so many blobs, as many at once as a push does. */
async function timeHeads(host: string, paths: readonly string[]): Promise<number> {
  const beganAtMs = performance.now();
  await Promise.all(paths.map((path) => head(`http://${host}${path}`)));
  return performance.now() - beganAtMs;
}

function head(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: "HEAD", agent }, (answer) => {
      answer.resume().once("end", resolve);
    });
    outgoing.once("error", reject).end();
  });
}

/** Of a build and a push of one large file. */
async function measureMemory(ground: Ground): Promise<readonly Row[]> {
  const { directory, registry } = ground;
  const contextDir = join(directory, "large");
  await createLargeContext(contextDir, LARGE_BYTES);
  let peakMb = 0;
  const onTick = (pid: number): void => {
    peakMb = Math.max(peakMb, peakMemoryMb(pid));
  };
  const flags = ["--force", "--images-dir", join(directory, "berth"), "-p", "-t"];
  const command = [process.execPath, CLI, "images", "build", ...flags, `${registry}/berth/large:1`];
  const { tookMs } = await runCommand([...command, contextDir], { onTick });
  const seconds = toShort(tookMs / 1000);
  return [
    boundRow(`an image of 2 GB, in ${seconds} s: memory at most`, {
      value: peakMb,
      atMost: 150,
      unit: "MB",
    }),
  ];
}
