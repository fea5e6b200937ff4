import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { anyLinkPrefix } from "./firewall.ts";

const switchFile = "/proc/sys/net/ipv4/ip_forward";
const recordName = "forwarding-was-off";

/**
 * Lets the host forward IPv4, and notes in the state directory when it did not before.
 *
 * @returns whether it did not
 */
export function enableForwarding(stateDirectory: string): boolean {
  if (readFileSync(switchFile, "latin1").trim() === "1") return false;
  writeFileSync(join(stateDirectory, recordName), "");
  writeFileSync(switchFile, "1");
  return true;
}

/** Puts the host's setting back when this engine changed it and no other engine's pod needs it. */
export function restoreForwarding(stateDirectory: string): void {
  if (!existsSync(join(stateDirectory, recordName))) return;
  const links = readdirSync("/sys/class/net").filter((name) => name.startsWith(anyLinkPrefix));
  if (links.length === 0) writeFileSync(switchFile, "0");
  rmSync(join(stateDirectory, recordName));
}
