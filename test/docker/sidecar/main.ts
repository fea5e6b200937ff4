// The program of the sidecar image: the embedded engine's gateway in a container of its own, whose
// network namespace the app's container shares.
import { createServer, type Server } from "node:net";

import {
  createCertificateAuthority,
  type CertificateAuthority,
} from "../../../src/engine/egress/certificate-authority.ts";
import { Interceptor } from "../../../src/engine/egress/interceptor.ts";
import { openEgressListeners } from "../../../src/engine/pod/egress-listeners.ts";
import { serveIngress } from "../../../src/engine/pod/ingress.ts";
import { matchNames } from "../../../src/engine/pod/name-patterns.ts";
import { serveNames } from "../../../src/engine/pod/name-service.ts";
import type {
  AddressFamily,
  EgressRules,
  MessageFromPod,
} from "../../../src/engine/pod/pod-message.ts";
import { interceptionCommand } from "../../../src/engine/sandbox/network/interception.ts";
import { findDefaultGateway, runHere } from "./namespace.ts";

const INGRESS_PORT = 39_001;

const gateway = findDefaultGateway();
// Made when it is asked for: workerd gives up on a sidecar that listens too late.
const authority: CertificateAuthority = {
  readPem: () => openAuthority().readPem(),
  contextFor: (name) => openAuthority().contextFor(name),
};
const interceptor = new Interceptor({ authority, helperPid: () => process.pid });
let opened: CertificateAuthority | undefined;
let isAllowed = matchNames([]);
let interception: Promise<void> | undefined;
let lastChange: Promise<void> = Promise.resolve();

function openAuthority(): CertificateAuthority {
  return (opened ??= createCertificateAuthority());
}

async function intercept(): Promise<void> {
  const listeners = new Map<AddressFamily, number>();
  await openEgressListeners((message: MessageFromPod, server: Server) => {
    if (message.kind !== "egress-listener") return;
    listeners.set(message.family, message.port);
    interceptor.serve(server);
  });
  await runHere(interceptionCommand(listeners));
}

/** The way to workerd stays: it is on the same link as the gateway. */
async function setInternet(isEnabled: boolean): Promise<void> {
  const route = isEnabled ? ["replace", "default", "via", gateway] : ["flush", "exact", "0/0"];
  await runHere(["ip", "-4", "route", ...route]);
}

/** What is to be intercepted must be so before there is a way past it. */
async function applyEgress(rules: EgressRules): Promise<void> {
  const { port, allowHostnames, isInternetEnabled } = rules;
  if (port !== undefined) interceptor.workerd = { address: gateway, port };
  if (allowHostnames !== undefined && allowHostnames.length > 0) {
    await (interception ??= intercept());
    isAllowed = matchNames(allowHostnames);
  }
  if (isInternetEnabled !== undefined) await setInternet(isInternetEnabled);
}

const server = createServer();
serveIngress(server, {
  applyEgress: (rules) => (lastChange = lastChange.then(() => applyEgress(rules))),
  onRefusedPort: () => undefined,
  readCertificate: () => authority.readPem(),
});
// Where names are intercepted, those of the internet are not resolved: the tests have none.
serveNames({
  isEnabled: () => false,
  isAllowed: (name) => isAllowed(name),
  forward: () => Promise.resolve(undefined),
});
server.listen(INGRESS_PORT, "0.0.0.0");
process.on("SIGTERM", () => process.exit(0)); // the kernel ignores it for the first process
