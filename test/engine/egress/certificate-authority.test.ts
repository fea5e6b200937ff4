import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type DetailedPeerCertificate } from "node:tls";

import { describe, expect, it } from "vitest";

import {
  createCertificateAuthority,
  type CertificateAuthority,
} from "../../../src/engine/egress/certificate-authority.ts";

/** Connects to a server that presents what the authority made for a name; who trusts it, checks it. */
async function shake(authority: CertificateAuthority, name: string, trusted: string) {
  const context = await authority.contextFor(name);
  const server = createServer({ SNICallback: (_name, done) => done(null, context) });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const socket = connect({ host: "127.0.0.1", port, servername: name, ca: trusted });
  const result = await new Promise<DetailedPeerCertificate | string>((resolve) => {
    socket.once("secureConnect", () => resolve(socket.getPeerCertificate(true)));
    socket.once("error", (error) => resolve(error.message));
  });
  socket.destroy();
  server.close();
  return typeof result === "string" ? result : result.subjectaltname;
}

describe("createCertificateAuthority()", () => {
  const authority = createCertificateAuthority();

  it("is an authority of its own, that may sign nothing but servers' certificates", async () => {
    const root = new X509Certificate(await authority.readPem());
    expect(root.ca).toBe(true);
    expect(root.verify(root.publicKey)).toBe(true);
    const other = createCertificateAuthority();
    expect(await other.readPem()).not.toBe(await authority.readPem());
  });

  it("is trusted for names, long ones too, by who trusts its certificate", async () => {
    const pem = await authority.readPem();
    const long = `${"a".repeat(60)}.${"b".repeat(60)}.example`;
    for (const name of ["a.example", long])
      expect(await shake(authority, name, pem)).toBe(`DNS:${name}`);
    const stranger = await createCertificateAuthority().readPem();
    expect(await shake(authority, "a.example", stranger)).toMatch(
      /unable to (get|verify)|signature/,
    );
  });

  it("makes each name's once, and keeps what was asked for last", async () => {
    const first = authority.contextFor("first.example");
    expect(authority.contextFor("first.example")).toBe(first);
    const second = authority.contextFor("second.example");
    for (let index = 0; index < 511; index += 1) {
      void authority.contextFor(`${index}.example`);
      void authority.contextFor("first.example");
    }
    expect(authority.contextFor("first.example")).toBe(first);
    expect(authority.contextFor("second.example")).not.toBe(second);
  });
});
