import type { Readable } from "node:stream";

import type { Image, ImageStore } from "../../images/image-store.ts";
import type { Credentials } from "../../images/registry/credentials.ts";
import type { EngineLog } from "../engine-log.ts";
import type { Pod, RootfsSpec, Sandbox } from "../sandbox/sandbox.ts";
import type { ContainerTable } from "./container-table.ts";
import type { ExecTable } from "./exec-table.ts";
import type { PortHint } from "./port-hint.ts";
import type { VolumeTable } from "./volume-table.ts";

/** All that the API's handlers stand on. */
export interface EngineContext {
  /** Makes pods. */
  readonly sandbox: Sandbox;
  /** Keeps images. */
  readonly images: ImageStore;
  /** Tar in and out of a container's file system. */
  readonly archive: ContainerArchive;
  /** Builds an image from a Dockerfile. */
  readonly build: (request: BuildRequest, log: (line: string) => void) => Promise<Image>;
  /** Sends an image to its registry. */
  readonly push: PushImage;
  /**
   * Fetches an image from its registry.
   *
   * @param onFailed told why there is none
   * @returns undefined when it cannot be had
   */
  readonly pull: (
    reference: string,
    onFailed: (reason: string) => void,
  ) => Promise<Image | undefined>;
  /** Image references that stand for a local Dockerfile. */
  readonly imageMap: Readonly<Record<string, string>>;
  /** Limits of an instance by its image's reference. */
  readonly limitsOf: (image: string) => {
    readonly memoryBytes?: number;
    readonly vcpu?: number;
  };
  /** The engine's own directory. */
  readonly stateDir: string;
  /** Where a layer is copied before the image store moves it: on the store's file system. */
  readonly commitsDir: string;
  /** Told what happens. */
  readonly log: (event: EngineLog) => void;
  /** Tells of a port that an image does not EXPOSE. */
  readonly hintAtPort: PortHint;
  /** Deletes a directory in the background; disposing the engine waits for it. */
  readonly discard: (directory: string) => void;
  /** The containers. */
  readonly containers: ContainerTable;
  /** The volumes. */
  readonly volumes: VolumeTable;
  /** The execs. */
  readonly execs: ExecTable;
}

/** Tar in and out of a container's file system. */
export interface ContainerArchive {
  /** @returns a tar of a path inside the container's view */
  exportArchive(rootfs: RootfsSpec, path: string, running: Pod | undefined): Promise<Readable>;
  /** Unpacks a tar below a path inside the container's view. */
  importArchive(
    rootfs: RootfsSpec,
    path: string,
    tar: Readable,
    running: Pod | undefined,
  ): Promise<void>;
}

/** What `POST /berth/build` asks for. */
export interface BuildRequest {
  /** The Dockerfile's text. */
  readonly dockerfile: string;
  /** Where the Dockerfile is, when it is a file: `PATH.dockerignore` beside it counts. */
  readonly dockerfilePath?: string;
  /** The build context's directory. */
  readonly contextDir: string;
  /** The tag of the result. */
  readonly tag: string;
  /** Values of ARG. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The stage to build (default: the last one). */
  readonly target?: string;
}

/** Where an image goes, and who asks. */
export interface PushRequest {
  /** The image's name here and in the registry. */
  readonly reference: string;
  readonly credentials: Credentials | undefined;
  /** Tells by lines how it goes. */
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Sends an image to its registry.
 *
 * @throws {ImageError} what pushing throws
 */
export type PushImage = (image: Image, request: PushRequest) => Promise<PushedImage>;

/** An image that is in a registry now. */
export interface PushedImage {
  /** Of its manifest. */
  readonly digest: string;
  /** Of its manifest. */
  readonly sizeBytes: number;
}
