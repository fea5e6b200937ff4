import { randomBytes, type webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";

import { addressBytes } from "./address-bytes.ts";

/** Signs certificates for the hosts whose HTTPS is intercepted. */
export interface CertificateAuthority {
  /** Its own certificate, as PEM text. */
  readPem(): Promise<string>;
  /** What a TLS server presents to who asks for a name or an address. */
  contextFor(name: string): Promise<SecureContext>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
const subject = "berth embedded engine";
const validMs = 365 * 24 * 3_600_000;
// An app's clock may be behind.
const earlierMs = 3_600_000;
const cacheLimit = 512;
const ids = { subjectName: "2.5.4.3", alternativeName: "2.5.29.17", basic: "2.5.29.19" };
const nameTypes = { dns: 2, address: 7 } as const;

type Pki = typeof import("pkijs") & { readonly asn1: typeof import("asn1js") };

interface Root {
  readonly pki: Pki;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly privatePem: string;
  readonly pem: string;
}

/**
 * Makes an authority whose key is in this process's memory and nowhere else. All certificates share
 * one pair of keys: who has it can sign for any name anyhow.
 */
export function createCertificateAuthority(): CertificateAuthority {
  const root = createRoot();
  root.catch(() => undefined); // Told to who asks.
  const contexts = new Map<string, Promise<SecureContext>>();
  return {
    readPem: async () => (await root).pem,
    contextFor(name) {
      const known = contexts.get(name) ?? root.then((parts) => createContext(parts, name));
      contexts.delete(name); // What was asked for last is kept longest.
      contexts.set(name, known);
      for (const oldest of contexts.keys()) {
        if (contexts.size <= cacheLimit) break;
        contexts.delete(oldest);
      }
      return known;
    },
  };
}

async function createRoot(): Promise<Root> {
  const [pkijs, asn1] = await Promise.all([import("pkijs"), import("asn1js")]);
  const pki = { ...pkijs, asn1 };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const basic = new pki.BasicConstraints({ cA: true, pathLenConstraint: 0 });
  const extension = { extnID: ids.basic, critical: true, extnValue: basic.toSchema().toBER(false) };
  const pem = await sign({ pki, keys }, subject, extension);
  const privateKey = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { pki, keys, privatePem: toPem("PRIVATE KEY", privateKey), pem };
}

async function createContext(root: Root, name: string): Promise<SecureContext> {
  const { pki } = root;
  const names = new pki.GeneralNames({
    names: [
      isIP(name) === 0
        ? new pki.GeneralName({ type: nameTypes.dns, value: name })
        : new pki.GeneralName({
            type: nameTypes.address,
            value: new pki.asn1.OctetString({ valueHex: addressBytes(name).buffer }),
          }),
    ],
  });
  const extnValue = names.toSchema().toBER(false);
  // The name stands in the extension only, so that must count.
  const extension = { extnID: ids.alternativeName, critical: false, extnValue };
  const pem = await sign(root, "intercepted by berth", extension);
  return createSecureContext({ key: root.privatePem, cert: `${pem}${root.pem}` });
}

async function sign(
  { pki, keys }: Pick<Root, "pki" | "keys">,
  name: string,
  extension: ConstructorParameters<Pki["Extension"]>[0],
): Promise<string> {
  const certificate = new pki.Certificate();
  certificate.version = 2;
  certificate.serialNumber = new pki.asn1.Integer({ valueHex: makeSerial() });
  setName(pki, certificate.subject, name);
  setName(pki, certificate.issuer, subject);
  certificate.notBefore.value = new Date(Date.now() - earlierMs);
  certificate.notAfter.value = new Date(Date.now() + validMs);
  certificate.extensions = [new pki.Extension(extension)];
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey);
  await certificate.sign(keys.privateKey, "SHA-256");
  return toPem("CERTIFICATE", certificate.toSchema(true).toBER(false));
}

function setName(
  pki: Pki,
  holder: InstanceType<Pki["Certificate"]>["subject"],
  value: string,
): void {
  holder.typesAndValues.push(
    new pki.AttributeTypeAndValue({
      type: ids.subjectName,
      value: new pki.asn1.Utf8String({ value }),
    }),
  );
}

/** A positive number of 16 bytes. */
function makeSerial(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 1;
  return bytes.buffer;
}

function toPem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
