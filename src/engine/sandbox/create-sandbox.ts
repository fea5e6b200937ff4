import { mkdirSync, rmSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

import { makeBaseView } from "./base-view.ts";
import { findHostDirectories, readMountInfo } from "./host-directories.ts";
import { findPrivilege } from "./find-privilege.ts";
import { podTools, requireTools } from "./host-tools.ts";
import { findNodeInstallation, ownNodePrefix } from "./node-installation.ts";
import { PipeSource } from "./pipe-source.ts";
import { ProcessPod } from "./pod.ts";
import type { PodResources } from "./pod-resources.ts";
import type {
  LaunchSpec,
  Pod,
  PodOptions,
  RunSpec,
  Sandbox,
  SandboxFacts,
  SandboxProcess,
} from "./sandbox.ts";
import { noControl } from "./watched-memory.ts";

/** Options of {@link createSandbox}. */
export interface SandboxOptions {
  readonly stateDir: string;
  readonly log: (message: string) => void;
  readonly enforceCpu?: boolean;
  readonly warmPods?: number;
  readonly nodePrefix?: string;
}

/** Makes the sandbox of an engine. */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  requireTools(podTools);
  const privilege = await findPrivilege();
  const directory = join(options.stateDir, `sandbox-${randomBytes(4).toString("hex")}`);
  mkdirSync(directory, { recursive: true });
  const facts: SandboxFacts = { privilege, internet: "none", memoryLimit: "watcher" };
  const resources: PodResources = {
    facts,
    view: makeBaseView(
      directory,
      findHostDirectories(),
      findNodeInstallation(options.nodePrefix ?? ownNodePrefix()),
    ),
    mounts: readMountInfo(),
    pipes: new PipeSource(join(directory, "pipes")),
    memory: noControl,
    podsDirectory: join(directory, "pods"),
    log: options.log,
  };
  let n = 0;
  const pods = new Set<Pod>();
  const make = async (): Promise<Pod> => {
    const pod = await ProcessPod.start(`p${n++}`, resources);
    pods.add(pod);
    return pod;
  };
  return {
    facts,
    createPod: (_: PodOptions) => make(),
    async run(spec: RunSpec): Promise<SandboxProcess> {
      const pod = await make();
      return pod.launch(spec);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...pods].map((pod) => pod.close()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
