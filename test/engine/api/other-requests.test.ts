import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { startApi, type ApiFixture } from "./fakes/api-fixture.ts";
import { fakeImage } from "./fakes/fake-image-store.ts";
import { NAME, PROXY, startInstance } from "./fakes/workerd-requests.ts";

let api: ApiFixture;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api[Symbol.asyncDispose]());

describe("GET /networks/bridge", () => {
  it("has a gateway on loopback, which workerd binds its egress listener to", async () => {
    const { status, json } = await api.send("GET", "/networks/bridge");
    expect(status).toBe(200);
    expect(json).toMatchObject({
      Name: "bridge",
      IPAM: { Config: [{ Subnet: "127.0.0.0/8", Gateway: "127.0.0.1" }] },
    });
  });

  it("answers 404 for another network", async () => {
    expect((await api.send("GET", "/networks/other")).status).toBe(404);
  });
});

describe("volumes", () => {
  it("creates once, inspects, lists by name and label, and deletes", async () => {
    const body = {
      Name: "workerd-snap-1",
      Labels: { "dev.workerd.snapshot-created-at": "1" },
    };
    expect((await api.send("POST", "/volumes/create", body)).status).toBe(201);
    expect((await api.send("POST", "/volumes/create", body)).status).toBe(200);
    expect((await api.send("GET", "/volumes/workerd-snap-1")).json).toMatchObject(body);
    const list = async (filters: object) =>
      (await api.send("GET", `/volumes?filters=${encodeURIComponent(JSON.stringify(filters))}`))
        .json;
    expect(await list({ name: ["workerd-snap-"] })).toMatchObject({
      Volumes: [body],
    });
    expect(await list({ label: ["dev.workerd.session=1"] })).toMatchObject({
      Volumes: [],
    });
    expect((await api.send("DELETE", "/volumes/workerd-snap-1")).status).toBe(204);
    expect((await api.send("DELETE", "/volumes/workerd-snap-1")).status).toBe(404);
    expect((await api.send("GET", "/volumes/workerd-snap-1")).status).toBe(404);
  });
});

describe("archive", () => {
  it("takes a tar into a created container and gives one out", async () => {
    await startInstance(api);
    const tar = Buffer.alloc(2048, 1);
    const put = await api.send("PUT", `/containers/${NAME}/archive?path=%2Fetc`, tar);
    expect(put.status).toBe(200);
    expect(api.imported).toEqual([{ path: "/etc", bytes: tar }]);
    const got = await api.send("GET", `/containers/${NAME}/archive?path=%2Fdata%2F.`);
    expect(got.status).toBe(200);
    expect(got.headers["content-type"]).toBe("application/x-tar");
    expect(got.bytes.toString()).toBe("tar of /data/.");
  });

  it("answers 404 for a path that is not there, 400 for none", async () => {
    await startInstance(api);
    expect((await api.send("GET", `/containers/${NAME}/archive?path=/missing`)).status).toBe(404);
    expect((await api.send("GET", `/containers/${NAME}/archive`)).status).toBe(400);
    expect(
      (await api.send("PUT", "/containers/none/archive?path=/", Buffer.from("x"))).status,
    ).toBe(404);
  });
});

describe("images", () => {
  it("lists, inspects, tags and removes", async () => {
    expect((await api.send("GET", "/images/json")).json).toMatchObject([
      { RepoTags: ["app:latest"], Size: 4096 },
      { RepoTags: ["empty:latest"] },
    ]);
    const { json } = await api.send("GET", "/images/app:latest/json");
    expect(json).toMatchObject({
      Parent: "",
      Config: { Cmd: ["/app"], Env: ["FROM_IMAGE=1"] },
    });
    expect((await api.send("POST", "/images/app/tag?repo=other&tag=2")).status).toBe(201);
    expect((await api.send("GET", "/images/other:2/json")).status).toBe(200);
    expect((await api.send("DELETE", "/images/empty")).status).toBe(200);
    expect((await api.send("DELETE", "/images/empty?noprune=true")).status).toBe(404);
  });

  it("pulls nothing to inspect an image that is not here", async () => {
    const pulled: string[] = [];
    const pull = (reference: string): Promise<undefined> => {
      pulled.push(reference);
      return Promise.resolve(undefined);
    };
    await using own = await startApi({ overrides: { pull } });
    const { status, json } = await own.send("GET", "/images/r.io%2Fnot-here:1/json");
    expect(status).toBe(404);
    expect(json).toMatchObject({
      message: expect.stringContaining("no such image: r.io/not-here"),
    });
    expect(pulled).toEqual([]);
  });

  it("does not remove the last tag of an image in use", async () => {
    await startInstance(api);
    const { status, json } = await api.send("DELETE", "/images/app?force=1");
    expect(status).toBe(409);
    expect(json).toMatchObject({ message: expect.stringContaining(NAME) });
  });

  it("has the egress interceptor's image built in, whatever its tag", async () => {
    const reference = "cloudflare/proxy-everything:3cb1195@sha256:0ef6716c";
    const { status, json } = await api.send("GET", `/images/${encodeURIComponent(reference)}/json`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      RepoTags: expect.arrayContaining([reference]),
    });
    const pulled = await api.send(
      "POST",
      "/images/create?fromImage=cloudflare/proxy-everything&tag=3cb1195",
    );
    expect(pulled.status).toBe(200);
  });

  it("refuses to pull a registry image by name", async () => {
    const { status, json } = await api.send("POST", "/images/create?fromImage=r.io/a&tag=1");
    expect(status).toBe(404);
    expect(json).toMatchObject({
      message: expect.stringContaining("r.io/a:1"),
    });
  });
});

describe("POST /commit", () => {
  it("makes an image of the container's files, whose parent is the container's image", async () => {
    await startInstance(api);
    const path = `/commit?container=${NAME}&pause=true&repo=workerd-container-snap-1`;
    expect((await api.send("POST", path)).status).toBe(201);
    const parent = fakeImage("app:latest").id;
    const { json } = await api.send("GET", "/images/workerd-container-snap-1/json");
    expect(json).toMatchObject({ Parent: parent, Config: { Cmd: ["/app"] } });
    expect((await api.send("DELETE", "/images/workerd-container-snap-1?noprune=true")).status).toBe(
      200,
    );
  });

  it("answers 404 without such a container, 501 for the gateway, 400 for an empty name", async () => {
    await startInstance(api);
    expect((await api.send("POST", "/commit?container=none")).status).toBe(404);
    expect((await api.send("POST", `/commit?container=${PROXY}&repo=a`)).status).toBe(501);
    expect((await api.send("POST", `/commit?container=${NAME}&repo=`)).status).toBe(400);
  });
});

describe("GET /_ping, /version and /info", () => {
  it("answers as the Docker CLI wants it", async () => {
    const ping = await api.send("HEAD", "/_ping");
    expect(ping.status).toBe(200);
    expect(ping.headers).toMatchObject({
      "api-version": "1.43",
      ostype: "linux",
    });
    expect((await api.send("GET", "/_ping")).bytes.toString()).toBe("OK");
    expect((await api.send("GET", "/v1.43/version")).json).toMatchObject({
      ApiVersion: "1.43",
    });
    expect((await api.send("GET", "/v1.43/info")).json).toMatchObject({
      OSType: "linux",
      SecurityOptions: [],
      Containers: 0,
      Images: 2,
    });
  });
});

describe("POST /berth/build", () => {
  const body = {
    dockerfile: "FROM scratch",
    contextDir: "/ctx",
    tag: "a:1",
    buildArgs: { K: "v" },
  };

  it("streams the output and ends with the image's id", async () => {
    await api[Symbol.asyncDispose]();
    const asked: unknown[] = [];
    api = await startApi({
      overrides: {
        build: (request, log) => {
          asked.push(request);
          log("STEP 1");
          return Promise.resolve(fakeImage("a:1"));
        },
      },
    });
    const { status, bytes } = await api.send("POST", "/berth/build", body);
    expect(status).toBe(200);
    const lines = bytes
      .toString()
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(lines).toEqual([{ stream: "STEP 1" }, { imageId: fakeImage("a:1").id }]);
    expect(asked).toEqual([body]);
  });

  it("ends with the error of a failed build", async () => {
    const { bytes } = await api.send("POST", "/berth/build", body);
    expect(JSON.parse(bytes.toString())).toEqual({
      error: "no builder in this test",
    });
  });

  it("answers 400 when a field is missing", async () => {
    const { status, json } = await api.send("POST", "/berth/build", {
      tag: "a",
    });
    expect(status).toBe(400);
    expect(json).toMatchObject({
      message: expect.stringContaining("dockerfile"),
    });
  });
});
