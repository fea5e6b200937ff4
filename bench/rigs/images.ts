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
/** What has no target is measured in fewer rounds. */
const INFORMING_PAIRS = 3;

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

/** Builds into a store that is kept, or each time into an empty one. */
function berth({ directory, registry }: Ground, store: "kept" | "empty"): Rival {
  const imagesDir = join(directory, store);
  return {
    name: "berth images build -p",
    buildAndPush: async (contextDir, tag) => {
      if (store === "empty") await rm(imagesDir, { recursive: true, force: true });
      const flags = ["--images-dir", imagesDir, "-p", "-t", `${registry}/${store}/${tag}`];
      const command = [process.execPath, CLI, "images", "build", ...flags, contextDir];
      return (await runCommand(command, { cwd: contextDir })).tookMs;
    },
  };
}

/** One kind of change, after which everything is built and pushed. */
interface Change {
  readonly what: string;
  readonly make: () => Promise<void>;
  readonly ours: Rival;
  /** How many times as fast as the first rival we have to be. */
  readonly atLeast: number;
}

/** Each builder gets a change of its own, so that none finds in the registry what another sent. */
async function timeBuilds(ground: Ground, pairs: number): Promise<readonly Row[]> {
  const { context } = ground;
  // Cold is an empty store: files that we know by heart, and link to, would be a head start.
  const cold: Change = {
    ...{ what: "cold", atLeast: 3, make: () => context.changeAll() },
    ours: berth(ground, "empty"),
  };
  const warm: Change = {
    ...{ what: "one file changed", atLeast: 10, make: () => context.changeOne() },
    ours: berth(ground, "kept"),
  };
  return [...(await timeChange(cold, ground, pairs)), ...(await timeChange(warm, ground, pairs))];
}

async function timeChange(change: Change, ground: Ground, pairs: number): Promise<readonly Row[]> {
  const { what, ours, atLeast } = change;
  const [target, ...others] = toRivals(ground);
  const time = (rival: Rival) => async (): Promise<number> => {
    await change.make();
    return rival.buildAndPush(ground.context.directory, "app:1");
  };
  const control = time(ours);
  const variants: Record<string, () => Promise<number>> = { ours: time(ours), control };
  if (target !== undefined) variants["docker"] = time(target);
  const samples: Samples<string> = await interleave(variants, pairs);
  const own = samples["ours"] ?? [];
  const sameAgain = ratioOf(samples["control"] ?? [], own);
  const rows: Row[] = [
    { what: `${what}: median`, measured: `${toShort(median(own))} ms` },
    { what: `${what}, A/A`, measured: ratioText(sameAgain) },
  ];
  if (target !== undefined) {
    const ratio = ratioOf(samples["docker"] ?? [], own);
    rows.push(ratioRow(`${what}: ${target.name} takes`, ratio, { atLeast, control: sameAgain }));
  }
  for (const rival of others) {
    const round = { ours: time(ours), rival: time(rival) };
    const beside = await interleave(round, Math.min(pairs, INFORMING_PAIRS));
    rows.push(ratioRow(`${what}: ${rival.name} takes`, ratioOf(beside.rival, beside.ours)));
  }
  return rows;
}

/** The rivals, each with a part of the registry of its own. */
function toRivals({ rivals, registry }: Ground): readonly Rival[] {
  return rivals.map((rival, index): Rival => ({
    name: rival.name,
    buildAndPush: (contextDir, tag) =>
      rival.buildAndPush(contextDir, `${registry}/rival-${index}/${tag}`),
  }));
}

/** The same image pushed again, beside as many plain HEAD requests of the blobs. */
async function timeUnchanged(ground: Ground, pairs: number): Promise<readonly Row[]> {
  const { registry, directory } = ground;
  const name = `${registry}/kept/app:1`;
  const push = [CLI, "images", "push", "--json", "--images-dir", join(directory, "kept"), name];
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
  const store = await openImageStore(join(directory, "kept"));
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
  const flags = ["--force", "--images-dir", join(directory, "kept"), "-p", "-t"];
  const command = [process.execPath, CLI, "images", "build", ...flags, `${registry}/kept/large:1`];
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
