import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdir, open, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const DOCKERFILE = `FROM scratch
COPY lib/ /
COPY bin /usr/local/bin
COPY modules /app/node_modules
COPY assets /app/assets
COPY app /app
WORKDIR /app
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/node"]
CMD ["server.ts", "8080"]
`;

/** Directories of the context, each a layer. */
const LAYERS = ["lib", "bin", "modules", "assets", "app"] as const;

/** A Node app on nothing but the host's Node, in five layers. */
export class ImageContext {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  static async create(directory: string): Promise<ImageContext> {
    for (const layer of LAYERS) await mkdir(join(directory, layer), { recursive: true });
    const node = process.execPath;
    await cp(node, join(directory, "bin/node"));
    for (const library of await librariesOf(node)) {
      const target = join(directory, "lib", library);
      await mkdir(dirname(target), { recursive: true });
      await cp(library, target, { dereference: true });
    }
    const modules = fileURLToPath(new URL("../node_modules/prettier", import.meta.url));
    await cp(modules, join(directory, "modules/prettier"), { recursive: true });
    await writeFile(join(directory, "assets/photo"), randomBytes(2 << 20));
    await cp(new URL("app/server.ts", import.meta.url), join(directory, "app/server.ts"));
    await writeFile(join(directory, "Dockerfile"), DOCKERFILE);
    return new ImageContext(directory);
  }

  /** Makes every layer another one, that nobody has in a cache. */
  async changeAll(): Promise<void> {
    for (const layer of LAYERS) await this.#salt(layer);
  }

  /** Changes one file of the last layer. */
  changeOne(): Promise<void> {
    return this.#salt("app");
  }

  async #salt(layer: (typeof LAYERS)[number]): Promise<void> {
    await writeFile(join(this.directory, layer, "salt"), randomBytes(16).toString("hex"));
  }
}

/** A context with one file of so many bytes, of which little is packed to little. */
export async function createLargeContext(directory: string, sizeBytes: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  const block = randomBytes(1 << 20);
  const half = Buffer.alloc(1 << 20, block.subarray(0, 1 << 10));
  const file = join(directory, "large");
  const handle = await open(file, "w");
  try {
    for (let written = 0; written < sizeBytes; written += block.length) {
      await handle.write(written % (2 << 20) === 0 ? block : half);
    }
  } finally {
    await handle.close();
  }
  await writeFile(join(directory, "Dockerfile"), 'FROM scratch\nCOPY large /\nCMD ["/large"]\n');
}

async function librariesOf(program: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)("ldd", [program]);
  const paths = stdout.match(/\/[^\s()]+/g) ?? [];
  const found = await Promise.all(
    paths.map(async (path) => ((await stat(path)).isFile() ? path : "")),
  );
  return found.filter((path) => path !== "");
}
