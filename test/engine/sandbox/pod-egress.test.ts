import { describe, expect, it } from "vitest";

import { createCertificateAuthority } from "../../../src/engine/egress/certificate-authority.ts";
import type { MessageToPod } from "../../../src/engine/pod/pod-message.ts";
import { findInterception } from "../../../src/engine/sandbox/network/interception.ts";
import { noInternet } from "../../../src/engine/sandbox/network/no-internet.ts";
import { PodEgress } from "../../../src/engine/sandbox/pod-egress.ts";

describe("PodEgress", () => {
  const logs: string[] = [];
  const log = (message: string): void => void logs.push(message);
  const resources = {
    internet: noInternet("nothing here", log),
    interception: findInterception("root", () => false),
    authority: createCertificateAuthority(),
    log,
  };

  async function apply(rules: object): Promise<MessageToPod | undefined> {
    let answer: MessageToPod | undefined;
    const egress = new PodEgress(resources, () => ({ index: 1, helperPid: process.pid }));
    await egress.handle({ kind: "egress", id: 7, rules }, (reply) => (answer = reply));
    return answer;
  }

  it("refuses what it can't intercept, before there is a way out, and logs why", async () => {
    const rules = { port: 1, allowHostnames: ["a.example"], isInternetEnabled: true };
    const reason = expect.stringMatching(/Cannot intercept .*nftables/);
    expect(await apply(rules)).toEqual({ kind: "egress-failed", id: 7, reason });
    expect(logs).toEqual([reason]);
  });

  it("needs no tool when nothing is intercepted", async () => {
    const applied = { kind: "egress-applied", id: 7, hasRoute: false };
    expect(await apply({ port: 1, allowHostnames: [], isInternetEnabled: false })).toEqual(applied);
    expect(await apply({ port: 1 })).toEqual(applied);
  });
});
