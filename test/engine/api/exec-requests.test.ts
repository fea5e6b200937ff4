import { once } from "node:events";
import type { Socket } from "node:net";
import { buffer } from "node:stream/consumers";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { idOf, startApi, type ApiFixture } from "./fakes/api-fixture.ts";
import { decodeFrames } from "./fakes/decode-frames.ts";
import type { FakeProgram } from "./fakes/fake-sandbox.ts";
import { NAME, PROXY, startInstance } from "./fakes/workerd-requests.ts";

const programs: Readonly<Record<string, FakeProgram>> = {
  cat: (process) => {
    process.stdin.pipe(process.stdout);
    process.stdin.once("end", () => process.exit(0));
  },
  both: (process) => {
    process.stdout.write("out");
    process.stderr.write("err");
    process.exit(3);
  },
  big: (process) => {
    process.stdout.write(Buffer.alloc(5_000_000, 7));
    process.exit(0);
  },
  "close-and-run": (process) => {
    process.stdout.end("done");
    process.stderr.end();
  },
};

let api: ApiFixture;
beforeEach(async () => {
  api = await startApi({ programs });
  await startInstance(api);
});
afterEach(() => api[Symbol.asyncDispose]());

async function createExec(argv: readonly string[], more: object = {}): Promise<string> {
  const body = {
    Cmd: argv,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    ...more,
  };
  const { status, json } = await api.send("POST", `/containers/${NAME}/exec`, body);
  expect(status).toBe(201);
  return idOf(json);
}

/** Starts an exec as workerd does: headers by hand, the body right behind them. */
async function attach(id: string, after = "", body: object = {}): Promise<Socket> {
  const json = JSON.stringify({ Detach: false, Tty: false, ...body });
  const socket = await api.open();
  socket.write(
    `POST /exec/${id}/start HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n` +
      `Upgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n` +
      json +
      after,
  );
  return socket;
}

async function readAll(socket: Socket): Promise<{ head: string; rest: Buffer }> {
  const bytes = await buffer(socket);
  const end = bytes.indexOf("\r\n\r\n");
  return {
    head: bytes.subarray(0, end).toString(),
    rest: bytes.subarray(end + 4),
  };
}

describe("POST /exec/ID/start", () => {
  it("answers 101 and frames of both streams, then the exit code is known", async () => {
    const id = await createExec(["both"]);
    const socket = await attach(id);
    const { head, rest } = await readAll(socket);
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    const frames = decodeFrames(rest).map(({ stream, payload }) => [stream, String(payload)]);
    expect(frames.toSorted()).toEqual([
      [1, "out"],
      [2, "err"],
    ]);
    expect((await api.send("GET", `/exec/${id}/json`)).json).toMatchObject({
      Running: false,
      ExitCode: 3,
    });
    socket.end();
  });

  it("takes input that came with the request, and ends the process at the half-close", async () => {
    const id = await createExec(["cat"]);
    const socket = await attach(id, "early ");
    socket.write("late");
    const all = readAll(socket);
    socket.end();
    const { rest } = await all;
    expect(Buffer.concat(decodeFrames(rest).map(({ payload }) => payload)).toString()).toBe(
      "early late",
    );
    expect((await api.send("GET", `/exec/${id}/json`)).json).toMatchObject({
      ExitCode: 0,
    });
  });

  it("half-closes its side while the client's stays open", async () => {
    const socket = await attach(await createExec(["both"]));
    socket.resume();
    await once(socket, "end");
    expect(socket.writable).toBe(true);
    socket.end();
    await once(socket, "close");
  });

  it("takes a body that comes in pieces", async () => {
    const id = await createExec(["both"]);
    const json = JSON.stringify({ Detach: false });
    const socket = await api.open();
    const all = readAll(socket);
    const headers = `Host: localhost\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: ${json.length}`;
    socket.write(`POST /exec/${id}/start HTTP/1.1\r\n${headers}\r\n\r\n${json.slice(0, 3)}`);
    await api.send("GET", "/_ping"); // the first piece has been read by now
    socket.write(json.slice(3));
    const { head } = await all;
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    socket.destroy();
  });

  it("sends raw bytes with a terminal, of the size asked for, and resizes it", async () => {
    const id = await createExec(["cat"], { Tty: true });
    const socket = await attach(id, "typed", {
      Tty: true,
      ConsoleSize: [50, 132],
    });
    const { json } = await api.send("GET", `/exec/${id}/json`);
    expect(json).toMatchObject({ Running: true, Pid: 100 });
    const resized = await api.send("POST", `/exec/${id}/resize?h=30&w=90`);
    expect(resized.status).toBe(200);
    const exec = api.sandbox.pods[0]?.execs[0];
    expect(exec?.spec.tty).toEqual({ columns: 132, rows: 50 });
    expect(exec?.process.sizes).toEqual([[90, 30]]);
    const all = readAll(socket);
    socket.end();
    expect((await all).rest.toString()).toBe("typed");
    expect((await api.send("POST", `/exec/${id}/resize?h=0&w=90`)).status).toBe(400);
  });

  it("carries a large output whole", async () => {
    const socket = await attach(await createExec(["big"]));
    const { rest } = await readAll(socket);
    const total = decodeFrames(rest).reduce((sum, { payload }) => sum + payload.length, 0);
    expect(total).toBe(5_000_000);
    socket.end();
  });

  it("ends the connection only when the process is over, not when it closes its output", async () => {
    const id = await createExec(["close-and-run"]);
    const socket = await attach(id);
    let isEnded = false;
    socket.resume().once("end", () => {
      isEnded = true;
    });
    const { json } = await api.send("GET", `/exec/${id}/json`);
    expect(json).toMatchObject({ Running: true });
    expect(isEnded).toBe(false);
    api.sandbox.pods[0]?.execs[0]?.process.exit(0);
    await once(socket, "end");
    socket.end();
  });

  it("runs detached with 200", async () => {
    const id = await createExec(["both"], { AttachStdin: false });
    const { status } = await api.send("POST", `/exec/${id}/start`, {
      Detach: true,
    });
    expect(status).toBe(200);
    await expect
      .poll(async () => (await api.send("GET", `/exec/${id}/json`)).json)
      .toMatchObject({ Running: false, ExitCode: 3 });
  });

  it("merges environment, directory and user over the container's", async () => {
    const more = {
      Env: ["A=1", "MESSAGE=mine"],
      WorkingDir: "/tmp",
      User: "nobody",
    };
    (await attach(await createExec(["both"], more))).resume();
    await expect
      .poll(() => api.sandbox.pods[0]?.execs[0]?.spec)
      .toMatchObject({
        env: { A: "1", MESSAGE: "mine", FROM_IMAGE: "1" },
        cwd: "/tmp",
        user: "nobody",
      });
  });

  it("keeps process and server alive when the client vanishes", async () => {
    const socket = await attach(await createExec(["cat"]), "x");
    await once(socket, "data");
    socket.destroy();
    const process = api.sandbox.pods[0]?.execs[0]?.process;
    await expect.poll(() => process?.stdin.writableEnded).toBe(true);
    expect((await api.send("GET", "/_ping")).status).toBe(200);
  });

  it("answers 409 for a second start, 400 without upgrade, 404 for an unknown exec", async () => {
    const id = await createExec(["cat"]);
    const socket = await attach(id);
    await once(socket, "data");
    const second = await readAll(await attach(id));
    expect(second.head).toMatch(/^HTTP\/1\.1 409 /);
    const plain = await createExec(["cat"]);
    expect((await api.send("POST", `/exec/${plain}/start`, {})).status).toBe(400);
    const unknown = await readAll(await attach("none"));
    expect(unknown.head).toMatch(/^HTTP\/1\.1 404 /);
    socket.destroy();
  });
});

describe("POST /containers/NAME/exec", () => {
  it("answers 409 when the container is not running, 501 for the gateway, 400 without Cmd", async () => {
    expect((await api.send("POST", `/containers/${NAME}/exec`, { Cmd: [] })).status).toBe(400);
    expect((await api.send("POST", `/containers/${PROXY}/exec`, { Cmd: ["a"] })).status).toBe(501);
    api.sandbox.pods[0]?.launched[0]?.process.exit(0);
    await api.send("POST", `/containers/${NAME}/wait`);
    expect((await api.send("POST", `/containers/${NAME}/exec`, { Cmd: ["a"] })).status).toBe(409);
  });
});

describe("GET /exec/ID/json", () => {
  it("tells an exec that was never started", async () => {
    const id = await createExec(["cat"]);
    expect((await api.send("GET", `/exec/${id}/json`)).json).toMatchObject({
      Running: false,
      ExitCode: null,
      Pid: 0,
    });
  });

  it("answers 404 once the container is gone", async () => {
    const id = await createExec(["cat"]);
    await api.send("DELETE", `/containers/${NAME}?force=true`);
    expect((await api.send("GET", `/exec/${id}/json`)).status).toBe(404);
  });
});
