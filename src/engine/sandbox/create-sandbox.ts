import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { createCertificateAuthority } from "../egress/certificate-authority.ts";
import { makeBaseView } from "./base-view.ts";
import {
  findControlGroups,
  hostControlGroups,
  type ControlGroupLayout,
} from "./control-group-layout.ts";
import { controlGroupControl } from "./control-groups.ts";
import { findPrivilege } from "./find-privilege.ts";
import { findHostDirectories, readMountInfo } from "./host-directories.ts";
import { podTools, requireTools } from "./host-tools.ts";
import { watchedMemory } from "./memory-watcher.ts";
import { findInterception } from "./network/interception.ts";
import { findInternet } from "./network/find-internet.ts";
import { findNodeInstallation, ownNodePrefix } from "./node-installation.ts";
import { PipeSource } from "./pipe-source.ts";
import { ProcessSandbox } from "./process-sandbox.ts";
import { reclaimLeftovers } from "./reclaim-leftovers.ts";
import type { Sandbox, SandboxFacts } from "./sandbox.ts";
import { makeStateDirectory } from "./state-directory.ts";

/** Options of {@link createSandbox}. */
export interface SandboxOptions {
  /** Where the sandbox makes a directory of its own; what killed engines left beside it is removed. */
  readonly stateDir: string;
  /** Receives what a user should know, such as a missing way to the internet. */
  readonly log: (message: string) => void;
  /** Whether `vcpu` limits are enforced (default: not). */
  readonly enforceCpu?: boolean;
  /** How many pods are kept prepared (default: 1). */
  readonly warmPods?: number;
  /** The Node installation that containers see (default: the one that runs). */
  readonly nodePrefix?: string;
}

/**
 * Makes the process sandbox of an engine.
 *
 * @throws {SandboxError} `HOST_TOOL_MISSING` when a host tool is not installed
 * @throws {SandboxError} `NAMESPACES_FORBIDDEN` when the host allows no namespaces
 */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  requireTools(podTools);
  const stateDir = resolve(options.stateDir);
  const log = onceEach(options.log);
  mkdirSync(stateDir, { recursive: true });
  await reclaimLeftovers(dirname(stateDir));
  const privilege = await findPrivilege();
  const state = makeStateDirectory(stateDir);
  const layout = findControlGroups(hostControlGroups());
  const internet = findInternet(privilege, state, log);
  const node = findNodeInstallation(options.nodePrefix ?? ownNodePrefix());
  const prefix = `berth-${state.id}`;
  const enforceCpu = options.enforceCpu ?? false;
  const resources = {
    facts: { privilege, internet: internet.kind, memoryLimit: memoryLimitOf(layout) },
    view: makeBaseView(state.path, findHostDirectories(), node),
    mounts: readMountInfo(),
    pipes: new PipeSource(join(state.path, "pipes")),
    memory:
      layout === undefined ? watchedMemory() : controlGroupControl(layout, { prefix, enforceCpu }),
    internet,
    interception: findInterception(privilege),
    authority: createCertificateAuthority(),
    compileCache: join(state.path, "compile-cache"),
    podsDirectory: join(state.path, "pods"),
    log,
  };
  const warmPods = options.warmPods ?? 1;
  return new ProcessSandbox(resources, { warmPods, stateDirectory: state.path });
}

/** What holds for a host is said once, not for each container. */
function onceEach(log: (message: string) => void): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (!said.has(message)) log(message);
    said.add(message);
  };
}

function memoryLimitOf(layout: ControlGroupLayout | undefined): SandboxFacts["memoryLimit"] {
  return layout === undefined ? "watcher" : `cgroup-${layout.version}`;
}
