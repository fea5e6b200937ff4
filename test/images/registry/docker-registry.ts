import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export const hasRegistry = spawnSync("docker-registry", ["--version"]).status === 0;
export const hasSkopeo = spawnSync("skopeo", ["--version"]).status === 0;

export interface RealRegistry extends AsyncDisposable {
  /** "127.0.0.1:PORT" */
  readonly host: string;
}

export interface RealRegistryOptions {
  /** A line of htpasswd. */
  readonly htpasswd?: string;
  readonly allowsDelete?: boolean;
}

/** "testuser:testpassword" in bcrypt, the only form that docker-registry takes. */
export const HTPASSWD = "testuser:$2y$04$abcdefghijklmnopqrstuuTjXO9UvRjS25ZxtHKw0/k06AbN8HA1C";

/** Starts Debian's docker-registry on a free port of the loopback device. */
export async function startRealRegistry(options: RealRegistryOptions = {}): Promise<RealRegistry> {
  const directory = await mkdtemp(join(tmpdir(), "berth-registry-"));
  const host = `127.0.0.1:${await findPort()}`;
  const password = join(directory, "htpasswd");
  await writeFile(password, options.htpasswd ?? "");
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(directory, "storage") },
      delete: { enabled: options.allowsDelete ?? true },
    },
    http: { addr: host },
    ...(options.htpasswd !== undefined && {
      auth: { htpasswd: { realm: "test", path: password } },
    }),
  };
  const configPath = join(directory, "config.yml"); // JSON is YAML
  await writeFile(configPath, JSON.stringify(config));
  const child = spawn("docker-registry", ["serve", configPath], { stdio: "ignore" });
  const ended = once(child, "exit");
  await untilItAnswers(`http://${host}/v2/`, ended);
  return {
    host,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function untilItAnswers(url: string, ended: Promise<unknown>): Promise<void> {
  const exit = ended.then(() => {
    throw new Error("docker-registry ended");
  });
  const answer = async (): Promise<void> => {
    for (;;) {
      if (
        await fetch(url).then(
          () => true,
          () => false,
        )
      )
        return;
      await delay(20);
    }
  };
  await Promise.race([answer(), exit]);
}
