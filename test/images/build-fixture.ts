import { mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";

import { buildImage, type BuildOptions } from "../../src/images/build-image.ts";
import { openImageStore, type BuildStore, type Image } from "../../src/images/image-store.ts";
import { RootTree } from "../../src/images/layer/root-tree.ts";
import type { RunRequest } from "../../src/images/run-step.ts";

/** What a RUN of a test does: writes files, says lines, exits. */
export interface FakeRun {
  readonly files?: Readonly<Record<string, string>>;
  readonly output?: string;
  readonly exitCode?: number;
}

/** A store, a build context and a RUN that only pretends. */
export class BuildFixture {
  readonly root: string;
  readonly store: BuildStore;
  readonly lines: string[] = [];
  readonly runs: RunRequest[] = [];
  fakeRun: FakeRun = {};

  constructor(root: string, store: BuildStore) {
    this.root = root;
    this.store = store;
  }

  get contextDir(): string {
    return join(this.root, "context");
  }

  /** Writes files of the context; a value of "-> target" makes a symlink. */
  async context(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.contextDir, name);
      await mkdir(dirname(path), { recursive: true });
      await rm(path, { force: true });
      if (text.startsWith("-> ")) await symlink(text.slice(3), path);
      else await writeFile(path, text);
    }
  }

  /** Builds as `berth dev` does: the host stands for an image that is not there. */
  build(dockerfile: string, options: Partial<BuildOptions> = {}): Promise<Image> {
    return buildImage({ ...this.#options(dockerfile), fallbackBase: "host", ...options });
  }

  /** Builds on images alone. */
  buildStrictly(dockerfile: string, options: Partial<BuildOptions> = {}): Promise<Image> {
    return buildImage({ ...this.#options(dockerfile), ...options });
  }

  #options(dockerfile: string): BuildOptions {
    return {
      store: this.store,
      dockerfile,
      contextDir: this.contextDir,
      tag: "test:1",
      buildArgs: {},
      log: (line) => this.lines.push(line),
      isRunAllowed: true,
      run: async (request) => {
        this.runs.push(request);
        const { files = {}, output = "", exitCode = 0 } = this.fakeRun;
        for (const [name, text] of Object.entries(files)) {
          await mkdir(dirname(join(request.writableDir, name)), { recursive: true });
          await writeFile(join(request.writableDir, name), text);
        }
        return { exitCode, output: Readable.from([output]) };
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

/** Makes a fixture in a directory of its own. */
export async function createBuildFixture(): Promise<BuildFixture> {
  const root = await mkdtemp(join(tmpdir(), "berth-images-"));
  await mkdir(join(root, "context"));
  return new BuildFixture(root, await openImageStore(join(root, "store")));
}

/** @returns the files that an image has above its base, by path; a symlink as "-> target" */
export async function filesOf(image: Image): Promise<Readonly<Record<string, string>>> {
  const layers = image.layers.map((directory) => ({ directory, opaque: [] }));
  const tree = new RootTree(layers, "none");
  const files: Record<string, string> = {};
  const visit = async (path: string): Promise<void> => {
    const entry = await tree.lookup(path);
    if (entry?.kind === "directory") {
      for (const name of await tree.list(path)) await visit(join(path, name));
    } else if (entry?.source !== undefined) {
      const isLink = entry.kind === "symlink";
      files[path] = isLink
        ? `-> ${await readlink(entry.source)}`
        : await readFile(entry.source, "utf8");
    }
  };
  await visit("/");
  return files;
}
