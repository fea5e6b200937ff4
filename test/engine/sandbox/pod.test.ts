import { once } from "node:events";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createSandbox } from "../../../src/engine/sandbox/create-sandbox.ts";
import type { Pod, Sandbox } from "../../../src/engine/sandbox/sandbox.ts";
import { containerEnv, eventually, outcomeOf, Workspace } from "./fixture.ts";
import { callSidecar, exchange, openTunnel } from "./ingress-client.ts";

const workspace = new Workspace();
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await createSandbox({ stateDir: workspace.stateDir, log: workspace.log });
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  workspace.remove();
});

/** Gives a test a pod that is closed behind it. */
async function withPod<T>(use: (pod: Pod) => Promise<T>): Promise<T> {
  const pod = await sandbox.createPod({ name: "test" });
  try {
    return await use(pod);
  } finally {
    await pod.close();
  }
}

const runScript = (script: string, options = {}) =>
  withPod(async (pod) => outcomeOf(await pod.launch(workspace.shell(script, options))));

function librariesOf(program: string): readonly string[] {
  const { stdout } = spawnSync("/usr/bin/ldd", [program], { encoding: "utf8" });
  return [...stdout.matchAll(/(\/\S+)/g)].map(([, path]) => path ?? "");
}

function copyInto(directory: string, path: string): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  copyFileSync(path, join(directory, path));
}

// Echoes what it reads and adds a line after end of file, to show that half-close is kept.
const echoServer = `require("net").createServer({allowHalfOpen:true}, s => {
  s.on("data", d => s.write(d)); s.on("end", () => s.end(" bye " + process.env.NAME)); s.on("error", () => {});
}).listen(8080, () => console.log("ready"))`;
const serverSpec = (name: string) => ({
  ...workspace.shell(""),
  argv: ["node", "-e", echoServer],
  env: { ...containerEnv, NAME: name },
});

describe("Pod.launch()", () => {
  it("gives the app exactly the environment, directory, host name and arguments asked for", async () => {
    const { stdout } = await runScript('env | sort; pwd; hostname; id -u; umask; echo "$0"', {
      env: { ...containerEnv, A: "it's $HOME", B: "" },
      cwd: "/made/for/me",
      hostname: "box",
    });
    const lines = ["A=it's $HOME", "B=", `PATH=${containerEnv.PATH}`, "PWD=/made/for/me"];
    expect(stdout).toBe([...lines, "/made/for/me", "box", "0", "0022", "sh", ""].join("\n"));
  });

  it("passes on the exit code", async () => {
    expect(await runScript("exit 3")).toMatchObject({ exitCode: 3, isOutOfMemory: false });
  });

  it("says 127 and why when the program is not there", async () => {
    const spec = { argv: ["/no/such/program"] };
    const { exitCode, stderr } = await runScript("", spec);
    expect([exitCode, stderr]).toEqual([127, expect.stringContaining("/no/such/program")]);
  });

  it("keeps stdout and stderr apart, and both can be opened by name", async () => {
    const { stdout, stderr } = await runScript("echo out >/dev/stdout; echo err >/dev/stderr");
    expect({ stdout, stderr }).toEqual({ stdout: "out\n", stderr: "err\n" });
  });

  it("is pid 1: an unhandled SIGTERM is ignored, SIGKILL ends everything with 137", async () => {
    await withPod(async (pod) => {
      const app = await pod.launch(workspace.shell("sleep 100 & echo $$; read x; echo $x; wait"));
      app.signal(15);
      app.stdin.write("still here\n");
      const [first] = await once(app.stdout, "data");
      expect([app.pid, String(first)]).toEqual([1, expect.stringMatching(/^1\n/)]);
      app.signal(9);
      expect((await outcomeOf(app)).exitCode).toBe(137);
    });
  });

  it("lets a handler answer SIGTERM", async () => {
    await withPod(async (pod) => {
      const app = await pod.launch(
        workspace.shell("trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done"),
      );
      await once(app.stdout, "data");
      app.signal(15);
      expect((await app.exited).exitCode).toBe(5);
    });
  });

  it("resolves users by the image's own files", async () => {
    const layer = workspace.layer({
      "etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:4000:4001::/app:/bin/sh\n",
      "etc/group": "root:x:0:\napp:x:4001:\nextra:x:4002:app\n",
    });
    if (sandbox.facts.privilege !== "root") return;
    const outcome = await runScript("id -u; id -g; id -G; cat /proc/self/status | grep CapEff", {
      user: "app",
      rootfs: workspace.rootfs(layer),
    });
    expect(outcome.stdout).toBe("4000\n4001\n4001 4002\nCapEff:\t0000000000000000\n");
  });

  it("rejects a user that the image does not have", async () => {
    await expect(runScript("true", { user: "ghost" })).rejects.toThrow(/USER_UNKNOWN.*"ghost"/);
  });

  it("lays the image over the host's view: new directories, and files inside /usr and /etc", async () => {
    const lower = workspace.layer({ "app/a": "lower", "app/b": "lower", "etc/motd": "hello" });
    const upper = workspace.layer({
      "app/b": "upper",
      "usr/local/bin/mine": "#!/bin/sh\necho mine",
    });
    const { stdout } = await runScript("cat /app/a /app/b /etc/motd; mine; test -x /usr/bin/env", {
      rootfs: workspace.rootfs(lower, upper),
    });
    expect(stdout).toBe("lowerupperhellomine\n");
  });

  it("shows nothing of the host to an image without a base", async () => {
    const layer = workspace.directory("layer");
    for (const path of ["/bin/sh", ...librariesOf("/bin/sh")]) copyInto(layer, path);
    const script = "echo /*; echo /etc/*; echo $(( 6 * 7 )) >/answer; read x </answer; echo $x";
    const rootfs = { ...workspace.rootfs(layer), base: "none" } as const;
    const { stdout, stderr } = await runScript("", { argv: ["/bin/sh", "-c", script], rootfs });
    const [top = "", etc = "", answer = ""] = stdout.split("\n");
    expect(stderr).toBe("");
    expect(top).toMatch(/^\/bin \/dev \/etc (\/lib\S* )+\/proc \/sys \/tmp( \/usr)?$/);
    expect([etc, answer]).toEqual(["/etc/hostname /etc/hosts /etc/resolv.conf", "42"]);
  });

  it("keeps writes in the writable directory and shows them to the next launch on it only", async () => {
    const rootfs = workspace.rootfs();
    await runScript("echo kept >/opt/file; echo x >/root/y", { rootfs });
    const again = await runScript("cat /opt/file /root/y", { rootfs });
    const other = await runScript("cat /opt/file", {});
    expect([again.stdout, other.exitCode]).toEqual(["kept\nx\n", 1]);
    expect(readFileSync(join(rootfs.writableDir, "opt/file"), "utf8")).toBe("kept\n");
    expect(readdirSync("/opt")).not.toContain("file");
  });

  it("runs the engine's own Node", async () => {
    const { stdout } = await runScript("node --version");
    expect(stdout.trim()).toBe(process.version);
  });

  it("refuses a second app while the first runs, and takes one after it has ended", async () => {
    await withPod(async (pod) => {
      const first = await pod.launch(workspace.shell("read x"));
      await expect(pod.launch(workspace.shell("true"))).rejects.toThrow("APP_RUNNING");
      first.stdin.end();
      await first.exited;
      const second = await pod.launch(workspace.shell("echo again"));
      expect((await outcomeOf(second)).stdout).toBe("again\n");
    });
  });

  it("leads no mount astray when a layer has links where something is mounted", async () => {
    const layer = workspace.directory("layer");
    for (const name of ["proc", "dev", "sys", "usr", "opt"]) symlinkSync("/pod", join(layer, name));
    const { stdout } = await runScript("test -L /usr || echo plain; ls /proc/1/status", {
      rootfs: workspace.rootfs(layer),
    });
    expect(stdout).toBe("plain\n/proc/1/status\n");
  });
});

describe("Pod.exec()", () => {
  it("runs in the app's namespaces and reports its pid there", async () => {
    await withPod(async (pod) => {
      const app = await pod.launch(workspace.shell("echo $$ >/tmp/app; read x"));
      const command = await pod.exec({
        argv: ["sh", "-c", "echo $$; cat /tmp/app; cat; pwd; echo no >&2; exit 9"],
        env: containerEnv,
        cwd: "/tmp",
      });
      command.stdin.end("from stdin\n");
      const { stdout, stderr, exitCode } = await outcomeOf(command);
      expect(stdout).toBe(`${command.pid}\n1\nfrom stdin\n/tmp\n`);
      expect([stderr, exitCode]).toEqual(["no\n", 9]);
      app.stdin.end();
    });
  });

  it("signals the command and not the app", async () => {
    await withPod(async (pod) => {
      const app = await pod.launch(workspace.shell("read x; exit 4"));
      const command = await pod.exec({ argv: ["sleep", "100"], env: containerEnv });
      command.signal(15);
      expect((await command.exited).exitCode).toBe(143);
      app.stdin.end();
      expect((await app.exited).exitCode).toBe(4);
    });
  });

  it("has the app's capabilities at most, and no new privileges", async () => {
    await withPod(async (pod) => {
      const grep = "grep -E '^(Cap|NoNew)' /proc/self/status";
      const app = await pod.launch(workspace.shell(`${grep}; read x`));
      const [own] = await once(app.stdout, "data");
      const command = await pod.exec({ argv: ["sh", "-c", grep], env: containerEnv });
      const { stdout } = await outcomeOf(command);
      expect(stdout).toBe(String(own));
      expect(stdout).toMatch(/CapBnd:\t0+800425fb\n.*\nNoNewPrivs:\t1/);
      app.signal(9);
    });
  });

  it("gives a terminal of the size asked for, which can be changed", async () => {
    await withPod(async (pod) => {
      const app = await pod.launch(workspace.shell("read x"));
      const script = "stty size; read x; stty size; test -t 0 && tty; exit 6";
      const terminal = await pod.exec({
        argv: ["sh", "-c", script],
        env: { ...containerEnv, TERM: "xterm" },
        tty: { columns: 81, rows: 25 },
      });
      const [size] = await once(terminal.stdout, "data");
      await terminal.resize(120, 40);
      terminal.stdin.write("\n");
      const { stdout, exitCode } = await outcomeOf(terminal);
      expect(String(size)).toBe("25 81\r\n");
      expect(stdout.trim().split("\r\n")).toEqual(["40 120", "/dev/pts/0"]);
      expect(exitCode).toBe(6);
      app.stdin.end();
    });
  });

  it("rejects when no app runs", async () => {
    await withPod(async (pod) => {
      await expect(pod.exec({ argv: ["true"], env: {} })).rejects.toThrow("APP_NOT_RUNNING");
    });
  });
});

describe("Pod.ingressPort", () => {
  it("reaches the port inside, keeps half-close, and tells pods on the same port apart", async () => {
    await withPod(async (first) => {
      await withPod(async (second) => {
        for (const [pod, name] of [
          [first, "one"],
          [second, "two"],
        ] as const)
          await once((await pod.launch(serverSpec(name))).stdout, "data");
        const answers = await Promise.all(
          [first, second].map((pod) => exchange(pod.ingressPort, 8080, "hi")),
        );
        expect(answers).toEqual(["hi bye one", "hi bye two"]);
      });
    });
  });

  it("answers 400 while nothing listens", async () => {
    await withPod(async (pod) => {
      const { status, socket } = await openTunnel(pod.ingressPort, 8080);
      socket.destroy();
      expect(status).toBe(400);
    });
  });

  it("carries a large body both ways without losing a byte", async () => {
    await withPod(async (pod) => {
      await once((await pod.launch(serverSpec("big"))).stdout, "data");
      const data = "0123456789abcdef".repeat(262_144);
      expect(await exchange(pod.ingressPort, 8080, data)).toBe(`${data} bye big`);
    });
  });

  it("resets the client when the app dies in the middle", async () => {
    await withPod(async (pod) => {
      const app = await pod.launch(serverSpec("dying"));
      await once(app.stdout, "data");
      const { socket } = await openTunnel(pod.ingressPort, 8080);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.on("error", () => undefined);
      socket.resume();
      app.signal(9);
      socket.write("x");
      socket.once("end", () => socket.end());
      await closed;
      expect(socket.destroyed).toBe(true);
    });
  });

  it("speaks the rest of the sidecar's protocol", async () => {
    await withPod(async (pod) => {
      const port = pod.ingressPort;
      const egress = { port: 1, dns: { allowHostnames: [] }, internet: { enabled: false } };
      expect(await callSidecar(port, "PUT", "/egress", egress)).toMatchObject({ status: 204 });
      expect(await callSidecar(port, "PUT", "/egress", { port: 1 })).toMatchObject({ status: 204 });
      const ca = await callSidecar(port, "GET", "/ca");
      expect([ca.status, ca.body]).toEqual([200, expect.stringContaining("BEGIN CERTIFICATE")]);
      expect((await callSidecar(port, "GET", "/else")).status).toBe(404);
    });
  });
});

describe("Sandbox.run()", () => {
  it("runs a command to its end and leaves its files", async () => {
    const spec = workspace.shell("echo built >/opt/result; echo done");
    const { stdout, exitCode } = await outcomeOf(await sandbox.run({ ...spec, network: "none" }));
    expect([stdout, exitCode]).toEqual(["done\n", 0]);
    expect(readFileSync(join(spec.rootfs.writableDir, "opt/result"), "utf8")).toBe("built\n");
  });
});

describe("Pod.close()", () => {
  it("ends everything in the pod, an exec's children included", async () => {
    const pod = await sandbox.createPod({ name: "closing" });
    const app = await pod.launch(workspace.shell("sleep 1000 & sleep 1000"));
    const command = await pod.exec({
      argv: ["sh", "-c", "sleep 1000 & sleep 1000"],
      env: containerEnv,
    });
    await pod.close();
    expect((await app.exited).exitCode).toBe(137);
    expect((await command.exited).exitCode).toBe(137);
    await expect(pod.launch(workspace.shell("true"))).rejects.toThrow("POD_CLOSED");
    expect(
      await eventually(() =>
        openTunnel(pod.ingressPort, 1).then(
          () => false,
          () => true,
        ),
      ),
    ).toBe(true);
  });
});
