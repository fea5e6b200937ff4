import { EngineError } from "../engine-error.ts";
import type { ApiRoute } from "./api-exchange.ts";
import type { JsonObject } from "./json-fields.ts";

/**
 * workerd binds its egress listener to the gateway's address, and gives up when there is none.
 * The engine's gateways connect from the host, so it is loopback.
 */
const BRIDGE: JsonObject = {
  Name: "bridge",
  Id: "b".repeat(64),
  Created: "2025-01-01T00:00:00Z",
  Scope: "local",
  Driver: "bridge",
  EnableIPv6: false,
  IPAM: {
    Driver: "default",
    Options: null,
    Config: [{ Subnet: "127.0.0.0/8", Gateway: "127.0.0.1" }],
  },
  Internal: false,
  Attachable: false,
  Ingress: false,
  ConfigOnly: false,
  Containers: {},
  Options: {},
  Labels: {},
};

/** The endpoints of networks: there is the bridge only. */
export function networkRoutes(): readonly ApiRoute[] {
  return [
    {
      method: "GET",
      pattern: "/networks",
      handler: () => ({ kind: "json", status: 200, body: [BRIDGE] }),
    },
    {
      method: "GET",
      pattern: "/networks/:id",
      handler: ({ params }) => {
        if (params["id"] !== BRIDGE["Name"] && params["id"] !== BRIDGE["Id"]) {
          const text = `Cannot find network: network ${params["id"]} not found; there is bridge only`;
          throw new EngineError("NO_SUCH_NETWORK", text);
        }
        return { kind: "json", status: 200, body: BRIDGE };
      },
    },
  ];
}
