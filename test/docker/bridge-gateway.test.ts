import { expect, it } from "vitest";
import { withGateway } from "./bridge-gateway.ts";

const subnet = "172.17.0.0/16";
const Options = { "com.docker.network.bridge.name": "br7" };

it("A bridge without a gateway gets the address of its link", () => {
  const network = { Name: "bridge", Options, IPAM: { Config: [{ Subnet: subnet }] } };
  const filled = withGateway(network, (link) => (link === "br7" ? "172.17.0.9" : undefined));
  expect(filled).toEqual({
    Name: "bridge",
    Options,
    IPAM: { Config: [{ Subnet: subnet, Gateway: "172.17.0.9" }] },
  });
});

it("or, where that link is another machine's, the first address of its subnet", () => {
  const network = { IPAM: { Config: [{ Subnet: subnet }, { Subnet: "fd00::/64" }] } };
  expect(withGateway(network, () => undefined).IPAM.Config).toEqual([
    { Subnet: subnet, Gateway: "172.17.0.1" },
    { Subnet: "fd00::/64" },
  ]);
});

it("A gateway that the engine names stays", () => {
  const config = [{ Subnet: subnet, Gateway: "172.17.0.254" }];
  const filled = withGateway({ IPAM: { Config: config } }, () => "172.17.0.1");
  expect(filled.IPAM.Config).toEqual(config);
});
