import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { findTool } from "../../../src/engine/sandbox/host-tools.ts";
import { hostAddress, makeRemote, remoteAddress, startRemoteServer } from "./remote-network.ts";
import { runAs, testUsers } from "./run-as.ts";

const nobody = testUsers.find(({ name }) => name === "nobody") ?? testUsers[0];
const reason = nobody?.obstacle;

describe.skipIf(reason !== undefined)(
  `an engine of nobody${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    const server = createServer((socket) => socket.end("host"));
    let results: Record<string, unknown> = {};
    let removeRemote: () => void = () => undefined;

    beforeAll(async () => {
      removeRemote = makeRemote();
      const remote = await startRemoteServer();
      server.listen(0, "0.0.0.0");
      await once(server, "listening");
      if (nobody === undefined) return;
      const address: AddressInfo | string | null = server.address();
      const hostPort = typeof address === "object" && address !== null ? address.port : 0;
      const file = "./unprivileged-runner.ts";
      const value = await runAs(nobody, file, hostAddress, remoteAddress, `${hostPort}`);
      results = { ...(typeof value === "object" ? value : {}) };
      remote.kill();
    });
    afterAll(() => {
      server.close();
      removeRemote();
    });

    it("works through user namespaces and watches memory itself", () => {
      expect(results["facts"]).toMatchObject({
        privilege: "user-namespace",
        memoryLimit: "watcher",
      });
      expect([results["privilege"], results["egress"]]).toEqual(["user-namespace", 204]);
    });

    it("serves on a low port, executes, has a terminal, and is pid 1", () => {
      expect(results["serve"]).toEqual({
        answer: "hi",
        files: "0\nfrom the imagetool\nx\nz\n",
        size: "20 90",
        alive: "alive\n",
        exitCode: 137,
      });
    });

    it("ends a memory hog", () => {
      expect(results["hog"]).toEqual({ exitCode: 137, isOutOfMemory: true });
    });

    it("packs and unpacks files of a container that is not running", () => {
      expect(results["archive"]).toEqual({
        exitCode: 0,
        seen: "B\nC",
        names: ["data/", "data/b", "data/c"],
      });
    });

    it("intercepts what its containers send", () => {
      expect(results["interception"]).toEqual({
        status: 204,
        attempts: ["GET / HTTP/1.1", "GET / HTTP/1.1", "ENETUNREACH"],
        heads: expect.arrayContaining([
          ["CONNECT 192.0.2.1:80 HTTP/1.1", "X-Hostname: a.example"],
          ["CONNECT [2001:db8::7]:80 HTTP/1.1", "X-Hostname: [2001:db8::7]"],
        ]),
      });
    });

    it.each(["pasta", "slirp4netns"])("reaches the internet by %s and never the host", (kind) => {
      if (findTool(kind) === undefined) {
        expect(String(results[kind])).toContain(kind);
        return;
      }
      const nothing = ["ENETUNREACH", "ENETUNREACH", "ECONNREFUSED", "ENETUNREACH"];
      expect(results[kind]).toEqual({
        before: nothing,
        during: [
          "remote",
          expect.not.stringMatching("host"),
          "ECONNREFUSED",
          expect.not.stringMatching("host"),
        ],
      });
    });

    it("leaves nothing", () => {
      expect(results["left"]).toEqual([]);
    });
  },
);
