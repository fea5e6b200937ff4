import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { parseAuthChallenge } from "../../../src/images/registry/auth-challenge.ts";
import type { CredentialSource, Credentials } from "../../../src/images/registry/credentials.ts";
import { openRegistry, type Registry } from "../../../src/images/registry/open-registry.ts";
import { pullImage } from "../../../src/images/registry/pull-image.ts";
import { pushImage } from "../../../src/images/registry/push-image.ts";
import { answer, FaultRegistry, readAll } from "./fault-registry.ts";
import { addImage, bytesOf, MemoryBlobs } from "./memory-blobs.ts";

const SECRET = "s3cret-Passw0rd";
const basic: Credentials = { kind: "basic", username: "user", password: SECRET };
const blobs = new MemoryBlobs();
const image = addImage(blobs, [bytesOf(50_000, 1), bytesOf(60_000, 2)]);
let server: FaultRegistry;
let tokens: FaultRegistry;
const opened: Registry[] = [];

beforeEach(async () => {
  server = await FaultRegistry.start();
  tokens = await FaultRegistry.start();
});
afterEach(async () => {
  for (const registry of opened.splice(0)) registry.close();
  await server[Symbol.asyncDispose]();
  await tokens[Symbol.asyncDispose]();
});

function open(credentials?: Credentials): Registry {
  const find: CredentialSource = () => Promise.resolve(credentials);
  const source = Object.assign(find, { places: "the test" });
  const retry = { attempts: 2, baseDelayMs: 1 };
  const registry = openRegistry({ credentials: source, userAgent: "berth-test", retry });
  opened.push(registry);
  return registry;
}

const push = (registry: Registry): ReturnType<typeof pushImage> =>
  pushImage({ registry, blobs, image, reference: `${server.host}/app:1` });

/** The registry takes only the token that was given out last, the first one a few times only. */
function demandTokens(
  options: { readonly usesOfFirst?: number; readonly takesNone?: true } = {},
): void {
  let count = 0;
  let usesOfFirst = 0;
  tokens.fault = () => (_request, response) => {
    count += 1;
    answer(response, 200, { token: `token-${count}`, expires_in: 300 });
  };
  server.fault = ({ headers }) => {
    if (count === 1) usesOfFirst += 1;
    const isWorn = count === 1 && usesOfFirst > (options.usesOfFirst ?? Infinity);
    const isGood = headers.authorization === `Bearer token-${count}` && !isWorn;
    if (isGood && options.takesNone !== true) return undefined;
    return (request, response) => {
      request.resume();
      const realm = `http://${tokens.host}/token`;
      response.setHeader("WWW-Authenticate", `Bearer realm="${realm}",service="test"`);
      answer(response, 401, { errors: [{ code: "UNAUTHORIZED", message: "who are you" }] });
    };
  };
}

describe("token authentication", () => {
  it("asks once for the token that all requests of a push use", async () => {
    demandTokens();
    expect((await push(open(basic))).counts.sent).toBe(3);
    expect(tokens.requests).toHaveLength(1);
    const [asked] = tokens.requests;
    const url = new URL(asked?.url ?? "", "http://host");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      service: "test",
      scope: "repository:app:pull,push",
    });
    expect(asked?.headers.authorization).toBe(`Basic ${btoa(`user:${SECRET}`)}`);
  });

  it("asks without a name when there are no credentials", async () => {
    demandTokens();
    await push(open());
    expect(tokens.requests.map((request) => request.headers.authorization)).toEqual([undefined]);
  });

  it("gets a new token when the old one is refused, in the middle of a push", async () => {
    demandTokens({ usesOfFirst: 3 });
    expect((await push(open(basic))).counts.sent).toBe(3);
    expect(tokens.requests).toHaveLength(2);
  });

  it("exchanges an identity token by POST", async () => {
    demandTokens();
    const giveToken = tokens.fault;
    let form = new URLSearchParams();
    tokens.fault = (incoming) => async (request, response) => {
      form = new URLSearchParams((await readAll(request)).toString());
      await giveToken(incoming)?.(request, response);
    };
    await push(open({ kind: "identity-token", token: SECRET }));
    expect(tokens.requests.map((request) => request.method)).toEqual(["POST"]);
    expect(Object.fromEntries(form)).toMatchObject({
      grant_type: "refresh_token",
      refresh_token: SECRET,
      service: "test",
      scope: "repository:app:pull,push",
    });
  });

  it("says where it looked and how to log in, without the secret, when it is denied", async () => {
    demandTokens();
    tokens.fault = () => (_request, response) =>
      answer(response, 401, { details: `incorrect: Basic ${btoa(`user:${SECRET}`)}` });
    const error = await push(open(basic)).catch(String);
    expect(error).toMatch(
      /\[REGISTRY_DENIED\] Cannot push 127.*\/app:1: .* answers 401: incorrect/,
    );
    expect(error).toContain(`found in the test do not allow it; log in with: docker login`);
    expect(error).not.toContain(SECRET);
    expect(error).not.toContain(btoa(`user:${SECRET}`));
  });

  it("finds a login that was made after a denial", async () => {
    const logins: Credentials[] = [];
    server.fault = ({ headers }) => {
      if (headers.authorization === `Basic ${btoa(`user:${SECRET}`)}`) return undefined;
      return (request, response) => {
        request.resume();
        response.setHeader("WWW-Authenticate", 'Basic realm="test"');
        answer(response, 401);
      };
    };
    const registry = openRegistry({
      credentials: () => Promise.resolve(logins[0]),
      userAgent: "berth-test",
    });
    opened.push(registry);
    await expect(push(registry)).rejects.toThrow(/\[REGISTRY_DENIED\].*no credentials for/);
    logins.push(basic);
    expect((await push(registry)).counts.sent).toBe(3);
  });

  it("gives up when every token is refused", async () => {
    demandTokens({ takesNone: true });
    await expect(push(open(basic))).rejects.toThrow(
      /\[REGISTRY_DENIED\].*answers 401; the credentials found in the test/,
    );
    expect(tokens.requests.length).toBeLessThanOrEqual(2);
  });

  it("sends no password to a token server without encryption", async () => {
    demandTokens();
    const registry = openRegistry({
      credentials: () => Promise.resolve(basic),
      userAgent: "berth-test",
      isPlainHttp: (host) => host === server.host,
    });
    opened.push(registry);
    await expect(push(registry)).rejects.toThrow(/\[REGISTRY_DENIED\].*without encryption/);
    expect(tokens.requests).toEqual([]);
  });

  it("refuses a token server's answer that has no token", async () => {
    demandTokens();
    tokens.fault = () => (_request, response) => answer(response, 200, { token: "a\nb" });
    await expect(push(open())).rejects.toThrow(/\[REGISTRY_FAILED\].*without a token/);
  });
});

describe("redirects", () => {
  it("are followed to another host without the Authorization header", async () => {
    await push(open());
    for (const [digest, bytes] of server.blobs) tokens.blobs.set(digest, bytes);
    server.fault = ({ method, url, headers }) => {
      const isKnown = headers.authorization === `Basic ${btoa(`user:${SECRET}`)}`;
      const isBlob = method === "GET" && url.includes("/blobs/");
      if (isKnown && !isBlob) return undefined;
      return (_request, response) => {
        if (isKnown) response.setHeader("Location", `http://${tokens.host}${url}`);
        else response.setHeader("WWW-Authenticate", 'Basic realm="test"');
        answer(response, isKnown ? 307 : 401);
      };
    };
    const into = new MemoryBlobs();
    const reference = `${server.host}/app:1`;
    const platform = { os: "linux", architecture: "amd64" };
    await pullImage({ registry: open(basic), blobs: into, reference, platform });
    expect(into.contents()).toEqual(blobs.contents());
    expect(tokens.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("in a circle end with an error", async () => {
    server.fault =
      ({ url }) =>
      (_request, response) => {
        response.setHeader("Location", url);
        answer(response, 307);
      };
    await expect(push(open())).rejects.toThrow(/\[REGISTRY_FAILED\].*redirects more than 5 times/);
  });

  it("to a host without encryption are refused", async () => {
    server.fault = () => (_request, response) => {
      response.setHeader("Location", "http://registry.example/v2/");
      answer(response, 307);
    };
    await expect(push(open(basic))).rejects.toThrow(/registry\.example without encryption/);
  });
});

describe("parseAuthChallenge()", () => {
  it.each([
    [
      'Bearer realm="https://auth.example/token",service="r",scope="repository:a/b:pull,push"',
      {
        kind: "bearer",
        realm: "https://auth.example/token",
        service: "r",
        scope: "repository:a/b:pull,push",
      },
    ],
    ['Basic realm="x", Bearer realm="y"', { kind: "bearer", realm: "y" }],
    ["bearer Realm=plain", { kind: "bearer", realm: "plain" }],
    ['Basic realm="quoted \\" comma, Bearer"', { kind: "basic" }],
    ["Basic", { kind: "basic" }],
    ["Negotiate", undefined],
    ["Bearer", undefined],
    ["", undefined],
  ])("reads %s", (header, expected) => {
    expect(parseAuthChallenge(header)).toEqual(expected);
  });
});
