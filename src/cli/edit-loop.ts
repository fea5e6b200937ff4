import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

import { watch, type FSWatcher } from "chokidar";

import type { Engine } from "../engine/start-engine.ts";
import { openBuildContext } from "../images/copy/build-context.ts";

/** A build that was made, as the engine tells it. */
export interface BuiltImage {
  readonly tag: string;
  readonly dockerfile: string;
  readonly contextDir: string;
  readonly buildArgs: Readonly<Record<string, string>>;
}

interface FollowedBuild {
  readonly build: BuiltImage;
  /** undefined when only the text is known. */
  readonly dockerfilePath: Promise<string | undefined>;
}

/** What {@link EditLoop} needs. */
export interface EditLoopOptions {
  /** Builds an image anew and replaces its containers. */
  readonly rebuild: Engine["rebuild"];
  /** Dockerfiles of the configuration, by absolute path. */
  readonly dockerfilePaths: () => readonly string[];
  readonly say: (text: string) => void;
}

/** Editors write a file in steps; this much quiet ends a change. */
const QUIET_MS = 150;
/** They change while one works and are rarely what one edits; a rebuild still copies them. */
const unwatched = new Set([".git", ".wrangler", "node_modules"]);

/** Rebuilds images and replaces their running containers when their sources change. */
export class EditLoop {
  readonly #options: EditLoopOptions;
  /** The newest build of each image name: a new dev session or rebuild makes a new tag. */
  readonly #builds = new Map<string, FollowedBuild>();
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: EditLoopOptions) {
    this.#options = options;
  }

  /** Begins to watch what an image was built from; resolves when it does. */
  async follow(build: BuiltImage): Promise<void> {
    const dockerfilePath = findDockerfile(build, this.#options.dockerfilePaths());
    const name = build.tag.slice(0, build.tag.lastIndexOf(":"));
    this.#builds.set(name, { build, dockerfilePath });
    await this.#watch(build.contextDir, build.contextDir);
    const path = await dockerfilePath;
    const isInside = path === undefined || path.startsWith(build.contextDir + sep);
    if (!isInside) await this.#watch(path, build.contextDir);
  }

  /** Stops watching; resolves when no rebuild is under way. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all([...this.#watchers.values()].map((watcher) => watcher.close()));
    await this.#work;
  }

  async #watch(path: string, contextDir: string): Promise<void> {
    if (this.#watchers.has(path)) return;
    const watcher = watch(path, {
      ignoreInitial: true,
      ignored: (file) =>
        relative(path, file)
          .split(sep)
          .some((part) => unwatched.has(part)),
    });
    this.#watchers.set(path, watcher);
    watcher.on("all", (_event, file) => this.#onChange(contextDir, file));
    watcher.on("error", (error) => this.#options.say(`Cannot watch ${path}: ${String(error)}`));
    await once(watcher, "ready");
  }

  #onChange(contextDir: string, file: string): void {
    void openBuildContext(contextDir).then((context) => {
      const path = relative(contextDir, file);
      if (!path.startsWith("..") && context.isIgnored(path)) return;
      this.#changed.add(contextDir);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#flush(), QUIET_MS);
    });
  }

  #flush(): void {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    for (const followed of this.#builds.values()) {
      if (!changed.has(followed.build.contextDir)) continue;
      this.#work = this.#work.then(() => this.#rebuild(followed));
    }
  }

  async #rebuild({ build, dockerfilePath }: FollowedBuild): Promise<void> {
    const { say, rebuild } = this.#options;
    const lines: string[] = [];
    try {
      const path = await dockerfilePath;
      const dockerfile = path === undefined ? build.dockerfile : await readFile(path, "utf8");
      const result = await rebuild({ ...build, dockerfile }, (line) => lines.push(line));
      if (!result.isChanged) return;
      const count = result.endedContainers.length;
      const ended = count === 1 ? "1 running instance" : `${count} running instances`;
      say(`sources changed: rebuilt ${build.tag}, replacing ${ended}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      say([`sources changed, but the build failed: ${reason}`, ...lines.slice(-20)].join("\n  "));
    }
  }
}

/** wrangler hands over the Dockerfile's text, not its place: that is where the same text is. */
async function findDockerfile(
  build: BuiltImage,
  candidates: readonly string[],
): Promise<string | undefined> {
  const paths = [...candidates, join(build.contextDir, "Dockerfile")];
  for (const path of paths) {
    const text = await readFile(path, "utf8").catch(() => undefined); // another image's, or none
    if (text === build.dockerfile) return path;
  }
  return undefined;
}
