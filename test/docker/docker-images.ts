import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "tsup";
import { copyHostFiles } from "./host-files.ts";
import type { FoundEngine } from "./find-engine.ts";

/** What workerd gets as the image of its sidecar. */
export const SIDECAR_IMAGE = "berth-test/sidecar:local";
/** What the Dockerfiles of the tests begin with. */
const BASES = ["node:22", "node:24", "node:24-slim"];
const MADE_BASE = "berth-test/base:local";

const SIDECAR_DOCKERFILE = `FROM ${MADE_BASE}
COPY sidecar.cjs /sidecar.cjs
EXPOSE 39001/tcp
ENTRYPOINT ["node", "/sidecar.cjs"]
`;

/** The images that the tests need, on a Docker engine. */
export class DockerImages {
  readonly #engine: FoundEngine;
  readonly #tagFile: string;
  readonly #made: string[] = [];

  /** @param tagFile a list of further images that {@link remove} takes away */
  constructor(engine: FoundEngine, tagFile: string) {
    this.#engine = engine;
    this.#tagFile = tagFile;
  }

  /** Makes those that are missing, of this machine's files; an image that is there is kept. */
  async make(directory: string): Promise<void> {
    await this.#makeBase(join(directory, "base"));
    for (const tag of BASES) {
      if (await this.#has(tag)) continue;
      await this.#docker("tag", MADE_BASE, tag);
      this.#made.push(tag);
    }
    await this.#makeSidecar(join(directory, "sidecar"));
  }

  /** Takes away what was made, what the tests have built, and the snapshots that they took. */
  async remove(snapshots: readonly string[]): Promise<void> {
    const built = await readFile(this.#tagFile, "utf8").catch(() => ""); // nothing was built
    const tags = built.split("\n").filter((line) => line !== "");
    for (const tag of new Set([...snapshots, ...tags, ...this.#made.reverse()])) {
      await this.#docker("rmi", "--force", tag).catch(() => undefined); // wrangler was first
    }
  }

  async #makeBase(root: string): Promise<void> {
    await copyHostFiles(root);
    const change = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    const line = 'tar -C "$1" -c . | "$2" import --change "$3" - "$4"';
    const args = ["-c", line, "sh", root, this.#engine.program, change, MADE_BASE];
    await promisify(execFile)("sh", args, { env: this.#env });
    this.#made.push(MADE_BASE);
    await rm(root, { recursive: true });
  }

  async #makeSidecar(directory: string): Promise<void> {
    await mkdir(directory, { recursive: true });
    await build({
      config: false,
      entry: { sidecar: join(import.meta.dirname, "sidecar/main.ts") },
      outDir: directory,
      format: "cjs",
      platform: "node",
      target: "node20",
      outExtension: () => ({ js: ".cjs" }),
      noExternal: [/./],
      splitting: false,
      silent: true,
      tsconfig: join(import.meta.dirname, "../../tsconfig.json"),
    });
    await writeFile(join(directory, "Dockerfile"), SIDECAR_DOCKERFILE);
    await this.#docker("build", "-t", SIDECAR_IMAGE, directory);
    this.#made.push(SIDECAR_IMAGE);
  }

  async #has(tag: string): Promise<boolean> {
    return this.#docker("image", "inspect", tag).then(
      () => true,
      () => false,
    );
  }

  async #docker(...args: string[]): Promise<void> {
    await promisify(execFile)(this.#engine.program, args, { env: this.#env });
  }

  get #env(): NodeJS.ProcessEnv {
    const host = `unix://${this.#engine.socketPath}`;
    return { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: "0" };
  }
}
