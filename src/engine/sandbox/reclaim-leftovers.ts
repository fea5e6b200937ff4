import { readdirSync, readlinkSync, rmSync } from "node:fs";
import { basename, join } from "node:path";

import { findControlGroups, hostControlGroups } from "./control-group-layout.ts";
import { findControlGroupsOf, removeControlGroup } from "./control-groups.ts";
import { sendSignal } from "./find-process.ts";
import { findTool } from "./host-tools.ts";
import { restoreForwarding } from "./network/forwarding.ts";
import { removeIptablesRules } from "./network/iptables-firewall.ts";
import { removeLinks } from "./network/nat-internet.ts";
import { removeNftTable } from "./network/nft-firewall.ts";
import { removeTree } from "./remove-tree.ts";
import { findAbandoned, findRecorded, type StateDirectory } from "./state-directory.ts";
import { workDirectoryMarker } from "./work-directory.ts";

/**
 * Removes what engines left that were killed: processes, links, rules, control groups, directories.
 *
 * @param stateRoot a directory that holds state directories, or directories that hold them
 */
export async function reclaimLeftovers(stateRoot: string): Promise<void> {
  for (const state of findAbandoned(stateRoot)) await reclaim(state);
}

async function reclaim({ id, path }: StateDirectory): Promise<void> {
  const pods = listPods(path);
  for (const pod of pods) {
    const pid = findRecorded(pod);
    if (pid !== undefined) sendSignal(pid, 9);
  }
  if (process.getuid?.() === 0) await reclaimNetwork(id, path);
  const layout = findControlGroups(hostControlGroups());
  const groups = layout === undefined ? [] : findControlGroupsOf(layout, `berth-${id}-`);
  await Promise.all(groups.map(removeControlGroup));
  pods.forEach(removeWork);
  rmSync(path, { recursive: true, force: true });
}

async function reclaimNetwork(id: string, path: string): Promise<void> {
  await removeLinks(id);
  if (findTool("nft") !== undefined) await removeNftTable(id);
  if (findTool("iptables") !== undefined) await removeIptablesRules(id);
  restoreForwarding(path);
}

/** The work directory lies beside the caller's writable directory; the pod's link names it. */
function removeWork(pod: string): void {
  try {
    const work = readlinkSync(join(pod, "work")).replace(/^\/old/, "");
    if (basename(work).startsWith(workDirectoryMarker)) removeTree(work);
  } catch {
    return; // Nothing was launched in this pod.
  }
}

function listPods(path: string): readonly string[] {
  try {
    return readdirSync(join(path, "pods")).map((name) => join(path, "pods", name));
  } catch {
    return []; // Killed before its first pod.
  }
}
