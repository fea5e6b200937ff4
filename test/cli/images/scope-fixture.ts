import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { BuildImageOptions, PushCheckOptions } from "../../../src/cli/images/image-options.ts";
import type {
  ImageGuards,
  ImageScope,
  MeasuredImage,
  PushCheck,
  RemoteImages,
} from "../../../src/cli/images/image-scope.ts";
import type { KnownUses } from "../../../src/images/guard/refuse-used.ts";
import { ImageError } from "../../../src/images/image-error.ts";
import { openImageStore, type BuildStore, type Image } from "../../../src/images/image-store.ts";
import type { OciImage } from "../../../src/images/oci/descriptor.ts";

/** A digest that is easy to read. */
export function digestOf(letter: string): string {
  return `sha256:${letter.repeat(64)}`;
}

/** An image as a registry would have it. */
export function ociImage(manifest: string, layers: readonly string[]): OciImage {
  const descriptor = (letter: string) => {
    return { mediaType: "application/test", digest: digestOf(letter), size: 1000 };
  };
  return {
    manifest: descriptor(manifest),
    config: descriptor("c"),
    layers: layers.map(descriptor),
  };
}

/** A registry in memory: "host/repository" → tag → image. */
class FakeRemote implements RemoteImages {
  readonly repositories = new Map<string, Map<string, OciImage>>();
  readonly calls: string[] = [];

  put(repository: string, tag: string, image: OciImage): void {
    const tags = this.repositories.get(repository) ?? new Map<string, OciImage>();
    this.repositories.set(repository, tags.set(tag, image));
  }

  toTarget = async (name: string): Promise<string> =>
    name.includes("/") ? name : `registry.example/account/${name}`;

  lookAhead = (reference: string): void => {
    this.calls.push(`look ahead at ${reference}`);
  };

  push: RemoteImages["push"] = async (image, reference, onProgress) => {
    this.calls.push(`push ${reference}`);
    const [, repository = "", tag = ""] = /^(.*):([^:/]+)$/.exec(reference) ?? [];
    onProgress({ digest: digestOf("a"), doneBytes: 1, totalBytes: 1, state: "done" });
    this.put(repository, tag, image);
    const { digest } = image.manifest;
    const blobs = { sent: 2, present: 1, mounted: 0 };
    return { digest, uri: `${repository}@${digest}`, sentBytes: 2000, blobs };
  };

  pull: RemoteImages["pull"] = async (reference) => this.#find(reference)[0];

  listTags = async (repository: string): Promise<readonly string[]> => [
    ...(this.repositories.get(repository)?.keys() ?? []),
  ];

  listRepositories = async (host: string): Promise<readonly string[]> =>
    [...this.repositories.keys()]
      .filter((name) => name.startsWith(`${host}/`))
      .map((name) => name.slice(host.length + 1));

  describe: RemoteImages["describe"] = async (reference) => {
    return { image: this.#find(reference)[0], config: { architecture: "amd64" } };
  };

  measure = async (reference: string): Promise<MeasuredImage> => {
    const { manifest, config, layers } = this.#find(reference)[0];
    const parts = [manifest, config, ...layers];
    return { digest: manifest.digest, sizeBytes: parts.length * 1000, parts };
  };

  deleteManifest = async (reference: string): Promise<string> => {
    this.calls.push(`delete ${reference}`);
    const [image, tags] = this.#find(reference);
    for (const [tag, other] of tags) {
      if (other.manifest.digest === image.manifest.digest) tags.delete(tag);
    }
    return image.manifest.digest;
  };

  #find(reference: string): readonly [OciImage, Map<string, OciImage>] {
    const [, repository = "", , tag, digest] =
      /^(.*?)(:([^:/@]+))?(?:@(sha256:\w+))?$/.exec(reference) ?? [];
    const tags = this.repositories.get(repository) ?? new Map<string, OciImage>();
    const image =
      digest === undefined
        ? tags.get(tag ?? "latest")
        : [...tags.values()].find(({ manifest }) => manifest.digest === digest);
    if (image !== undefined) return [image, tags];
    throw new ImageError("NO_SUCH_IMAGE", `Cannot find ${reference}`);
  }
}

/** What uses images, and what is said of pushes. */
class FakeGuards implements ImageGuards {
  uses: KnownUses = { uses: [], unknown: [] };
  warnings: readonly string[] = [];
  refusal: ImageError | undefined;
  readonly checked: (PushCheck & Pick<PushCheckOptions, "isForced">)[] = [];

  checkPush: ImageGuards["checkPush"] = async (push, { isForced }) => {
    this.checked.push({ ...push, isForced });
    if (this.refusal !== undefined) throw this.refusal;
    return this.warnings;
  };

  findUses: ImageGuards["findUses"] = async () => this.uses;

  offerUri: ImageGuards["offerUri"] = async (uri) => {
    return { kind: "to-paste", lines: [`image = "${uri}"`] };
  };
}

/** What the commands on images work with: a real store, and all else in memory. */
export class ScopeFixture implements AsyncDisposable {
  readonly directory: string;
  readonly store: BuildStore;
  readonly remote = new FakeRemote();
  readonly guards = new FakeGuards();
  readonly lines: string[] = [];
  readonly written: string[] = [];
  packed: OciImage = ociImage("f", ["a", "b"]);

  constructor(directory: string, store: BuildStore) {
    this.directory = directory;
    this.store = store;
  }

  static async open(): Promise<ScopeFixture> {
    const directory = await mkdtemp(join(tmpdir(), "berth-cli-images-"));
    return new ScopeFixture(directory, await openImageStore(directory));
  }

  get scope(): ImageScope {
    return {
      store: this.store,
      remote: this.remote,
      guards: this.guards,
      builder: { build: async ({ tags }) => this.makeImage(tags[0]) },
      packer: {
        pack: async () => this.packed,
        unpack: async (_digest, { tag = "" }) => this.makeImage(tag),
        importLayout: async (_layout, { tag = "" }) => this.makeImage(tag),
        writeLayout: async (images, path) => {
          this.written.push(`${path}: ${images.flatMap(({ names }) => names).join(" ")}`);
        },
        readLayout: async () => [
          await this.makeImage("loaded:1"),
          await this.makeImage("loaded:2"),
        ],
      },
      display: {
        log: (line) => this.lines.push(line),
        follow: () => () => undefined,
        close: () => undefined,
      },
    };
  }

  /** Puts an image into the store; the name makes it differ from others. */
  async makeImage(tag: string): Promise<Image> {
    const config = {
      ...{ env: { NAME: tag }, entrypoint: ["/app"], cmd: [], workingDir: "/" },
      ...{ exposedPorts: [8080], labels: {} },
    };
    return this.store.create({ base: "none", config, layers: [] }, tag);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

const common = { imagesDir: undefined, isJson: false };
const checks = {
  ...{ isForced: false, instanceType: undefined, configPath: undefined },
  ...{ diskBytes: undefined, accountLimitBytes: undefined },
  ...{ isWritten: false, className: undefined },
};

/** Options that nobody gave. */
export const defaults = {
  common,
  push: { ...common, ...checks, reference: undefined, compression: "gzip" },
  keep: { ...common, keepFile: undefined, configPath: undefined },
  build: {
    ...{ ...common, ...checks, contextDir: "/context", dockerfilePath: "/context/Dockerfile" },
    ...{ tags: ["app:1"], isPushed: false, platform: { os: "linux", architecture: "amd64" } },
    ...{ buildArgs: {}, target: undefined, buildContexts: {}, secrets: {}, runNetwork: "none" },
    ...{
      compression: "gzip",
      isCacheUsed: true,
      isPullForced: false,
      builder: "berth",
      output: undefined,
    },
  } satisfies BuildImageOptions,
} as const;
