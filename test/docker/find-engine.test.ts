import { createServer } from "node:http";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findEngine } from "./find-engine.ts";

it("Without an engine there is a reason", async () => {
  const host = "unix:///nowhere/docker.sock";
  const found = await findEngine({ DOCKER_HOST: host });
  expect(found).toEqual({ reason: expect.stringContaining(`no Docker engine answers at ${host}`) });
});

it("So there is with an engine of another machine, or of another kind of containers", async () => {
  const remote = await findEngine({ DOCKER_HOST: "tcp://build.example:2375" });
  expect(remote).toEqual({ reason: expect.stringContaining("tcp://build.example:2375") });

  const directory = await mkdtemp(join(tmpdir(), "berth-find-"));
  const socketPath = join(directory, "docker.sock");
  const server = createServer((_request, response) =>
    response.end(JSON.stringify({ Os: "windows", Version: "28.0.0" })),
  ).listen(socketPath);
  await once(server, "listening");
  const found = await findEngine({ DOCKER_HOST: `unix://${socketPath}` });
  expect(found).toEqual({ reason: expect.stringContaining("runs windows containers") });
  server.close();
  await rm(directory, { recursive: true });
});
