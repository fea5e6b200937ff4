import { accessSync, constants } from "node:fs";

import { findTool } from "../host-tools.ts";
import type { SandboxFacts } from "../sandbox.ts";
import type { StateDirectory } from "../state-directory.ts";
import type { Internet } from "./internet.ts";
import { iptablesFirewall } from "./iptables-firewall.ts";
import { NatInternet } from "./nat-internet.ts";
import { nftFirewall } from "./nft-firewall.ts";
import { noInternet } from "./no-internet.ts";
import { pastaInternet, slirpInternet } from "./user-mode-internet.ts";

/** Picks the way to the internet that this host's tools allow. */
export function findInternet(
  privilege: SandboxFacts["privilege"],
  state: StateDirectory,
  log: (message: string) => void,
): Internet {
  if (privilege === "root") {
    if (findTool("nft") !== undefined) return new NatInternet(state, nftFirewall);
    if (findTool("iptables") !== undefined) return new NatInternet(state, iptablesFirewall);
    return noInternet("install nftables, for example: apt-get install -y nftables", log);
  }
  if (!canOpenTun())
    return noInternet("this user may not open /dev/net/tun; allow it, or run as root", log);
  if (findTool("pasta") !== undefined) return pastaInternet();
  if (findTool("slirp4netns") !== undefined) return slirpInternet();
  return noInternet("install passt or slirp4netns, for example: apt-get install -y passt", log);
}

function canOpenTun(): boolean {
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false; // Missing, or for root only.
  }
}
