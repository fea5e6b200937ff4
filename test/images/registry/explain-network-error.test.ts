import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { SecureContext } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createCertificateAuthority } from "../../../src/engine/egress/certificate-authority.ts";
import { ImageError } from "../../../src/images/image-error.ts";
import { explainNetworkError } from "../../../src/images/registry/explain-network-error.ts";
import { listTags } from "../../../src/images/registry/list-tags.ts";
import { openRegistry } from "../../../src/images/registry/open-registry.ts";
import { TransientFailure } from "../../../src/images/registry/transient-failure.ts";
import { FaultRegistry } from "./fault-registry.ts";

const authority = createCertificateAuthority();
const secure = createServer(
  {
    SNICallback: (name, done) => {
      void present(name, done);
    },
  },
  (_request, response) => response.end(),
);
async function present(name: string, done: (error: null, context: SecureContext) => void) {
  done(null, await authority.contextFor(name));
}
let plain: FaultRegistry;
beforeAll(async () => {
  plain = await FaultRegistry.start();
  secure.listen(0, "localhost");
  await once(secure, "listening");
});
afterAll(async () => {
  await plain[Symbol.asyncDispose]();
  secure.close();
});

/** Asks a host that is expected to speak TLS. */
async function ask(host: string): Promise<unknown> {
  const registry = openRegistry({
    credentials: () => Promise.resolve(undefined),
    userAgent: "berth-test",
    isPlainHttp: () => false,
  });
  try {
    return await listTags(registry, `${host}/app`).catch((error: unknown) => error);
  } finally {
    registry.close();
  }
}

describe("a registry that cannot be trusted", () => {
  it("is named, with where to name its certificate", async () => {
    const host = `localhost:${(secure.address() as AddressInfo).port}`;
    expect(await ask(host)).toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: expect.stringMatching(
        /Cannot list tags of localhost:\d+\/app: cannot trust registry localhost:\d+: .*NODE_EXTRA_CA_CERTS/,
      ),
    });
  });

  it("is told from one that speaks no TLS, which is not asked again", async () => {
    expect(await ask(plain.host)).toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: expect.stringContaining("it does not speak TLS; plain HTTP has to be allowed"),
    });
  });
});

describe("explainNetworkError()", () => {
  const connection = { url: new URL("https://reg.example/v2/"), purpose: "push app" };
  const failure = (code: string, message = "told"): Error =>
    Object.assign(new Error(message), { code });

  it.each([
    ["CERT_HAS_EXPIRED", /its certificate has expired/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", /its certificate is for another host/],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", /self-signed; name it in NODE_EXTRA_CA_CERTS/],
    [
      "ENOTFOUND",
      /Cannot push app: cannot reach registry reg\.example: told; check the host's name/,
    ],
  ])("takes %s as final, and says what would do", (code, text) => {
    const error = explainNetworkError(failure(code), connection);
    expect(error).not.toBeInstanceOf(TransientFailure);
    expect(error).toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: expect.stringMatching(text),
    });
  });

  it.each(["ECONNRESET", "ECONNREFUSED", "ETIMEDOUT", "EPIPE", "EAI_AGAIN"])(
    "lets %s be tried again",
    (code) => {
      const error = explainNetworkError(failure(code, ""), connection);
      expect(error).toBeInstanceOf(TransientFailure);
      expect(error).toMatchObject({ message: expect.stringContaining(`reg.example: ${code};`) });
    },
  );

  it("leaves what is explained already", () => {
    const error = new ImageError("DISK_FULL", "full");
    expect(explainNetworkError(error, connection)).toBe(error);
  });
});
