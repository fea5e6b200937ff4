import { expect, it } from "vitest";
import { findDefaultGateway } from "./namespace.ts";

const heading = "Iface\tDestination\tGateway \tFlags\n";
const link = "eth0\t000011AC\t00000000\t0001\n";

it("The host is the gateway of the default route", () => {
  const table = `${heading}eth0\t00000000\t010011AC\t0003\n${link}`;
  expect(findDefaultGateway(table)).toBe("172.17.0.1");
});

it("Without a default route there is no way to it", () => {
  expect(() => findDefaultGateway(heading + link)).toThrow("no default route");
});
