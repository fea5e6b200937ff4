import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { EngineError } from "../engine-error.ts";
import { ContainerLifecycle } from "./container-lifecycle.ts";
import type { CreateBody } from "./create-body.ts";
import type { EngineContainer } from "./engine-container.ts";
import type { ContainerIdentity } from "./gateway-container.ts";
import { GATEWAY_IMAGE_ID } from "./gateway-image.ts";
import type { VolumeTable } from "./volume-table.ts";

const run = promisify(execFile);

/**
 * Copies one volume into another. workerd asks for `cp` in a container of the sidecar's image, which
 * has no files here; so the engine does what that command would.
 */
export class CopyContainer implements EngineContainer {
  readonly id: string;
  readonly name: string;
  readonly body: CreateBody;
  readonly imageId = GATEWAY_IMAGE_ID;
  readonly createdAtMs = Date.now();
  readonly lifecycle = new ContainerLifecycle();
  readonly ingressPort = undefined;
  readonly pod = undefined;
  readonly rootfs = undefined;
  readonly #volumes: VolumeTable;
  #copying: Promise<void> | undefined;

  /** @throws {EngineError} NOT_SUPPORTED when the command is not a copy of one volume to another */
  constructor({ id, name, body }: ContainerIdentity, volumes: VolumeTable) {
    this.id = id;
    this.name = name;
    this.body = body;
    this.#volumes = volumes;
    const [from, to] = body.mounts;
    const command = `cp -a ${from?.target}/. ${to?.target}/`;
    if (this.argv.join(" ").replace(/^\/bin\//, "") === command && body.mounts.length === 2) return;
    const text = `Cannot run ${this.argv.join(" ")} in the sidecar's image: it only copies volumes`;
    throw new EngineError("NOT_SUPPORTED", text);
  }

  get argv(): readonly string[] {
    return [...(this.body.entrypoint ?? []), ...(this.body.cmd ?? [])];
  }

  start(): Promise<"started" | "already-running"> {
    if (this.#copying !== undefined) return Promise.resolve("already-running");
    const [from, to] = this.body.mounts.map(({ volume }) => this.#volumes.get(volume).directory);
    const startedAtMs = Date.now();
    this.lifecycle.apply({ kind: "start" });
    this.lifecycle.apply({ kind: "started", pid: process.pid, atMs: startedAtMs });
    const finish = (exitCode: number): void => {
      const exit = { exitCode, isOutOfMemory: false, startedAtMs, atMs: Date.now() };
      this.lifecycle.apply({ kind: "exited", ...exit });
    };
    this.#copying = run("cp", ["-a", "--", `${from ?? ""}/.`, `${to ?? ""}/`]).then(
      () => finish(0),
      () => finish(1),
    );
    return Promise.resolve("started");
  }

  /** It ends soon by itself. */
  signal(): void {}

  async remove(): Promise<void> {
    this.lifecycle.apply({ kind: "remove" });
    await this.#copying;
    this.lifecycle.finishRemoval();
  }
}
