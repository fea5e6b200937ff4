import { networkInterfaces } from "node:os";

interface Subnet {
  readonly Subnet?: string;
  readonly Gateway?: string;
}

/** An answer to `GET /networks/bridge`, as far as workerd reads it. */
export interface BridgeNetwork {
  readonly IPAM?: { readonly Config?: readonly Subnet[] };
  readonly Options?: Readonly<Record<string, string>>;
}

/**
 * Names the gateway of Docker's default network where the engine does not: dockerd 20.10 leaves it
 * out when it has made the bridge itself, without `--bip`, and workerd cannot do without.
 *
 * @param addressOf gives the IPv4 address of a link of this machine
 */
export function withGateway<Network extends BridgeNetwork>(
  network: Network,
  addressOf: (link: string) => string | undefined = addressOfLink,
): Network {
  const link = network.Options?.["com.docker.network.bridge.name"] ?? "docker0";
  const config = network.IPAM?.Config ?? [];
  const filled = config.map((each) => {
    const gateway = each.Gateway ?? addressOf(link) ?? firstAddress(each.Subnet);
    return gateway === undefined || each.Subnet?.includes(":") === true
      ? each
      : { ...each, Gateway: gateway };
  });
  return { ...network, IPAM: { ...network.IPAM, Config: filled } };
}

function addressOfLink(link: string): string | undefined {
  return networkInterfaces()[link]?.find(({ family }) => family === "IPv4")?.address;
}

/** Docker gives the bridge the first address of its subnet. */
function firstAddress(subnet: string | undefined): string | undefined {
  const octets = /^(\d+\.\d+\.\d+)\.(\d+)\//.exec(subnet ?? "");
  return octets === null ? undefined : `${octets[1]}.${Number(octets[2]) + 1}`;
}
