import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { createRunStep } from "../../src/engine/run-step.ts";
import { createSandbox } from "../../src/engine/sandbox/create-sandbox.ts";
import { buildImage } from "../../src/images/build-image.ts";
import { openImageStore } from "../../src/images/image-store.ts";
import { filesOf } from "../images/build-fixture.ts";
import { copyPrograms } from "./host-programs.ts";

// Run as nobody by image-users.test.ts; prints what happened, as JSON.
const root = mkdtempSync(join(tmpdir(), "berth-unprivileged-"));
const contextDir = join(root, "context");
copyPrograms(join(contextDir, "programs"), ["sh", "cat", "ls", "rm", "mkdir", "id"]);
mkdirSync(join(contextDir, "etc"));
writeFileSync(join(contextDir, "etc/passwd"), "root:x:0:0::/root:/bin/sh\napp:x:7:8::/a:/bin/sh\n");
const sandbox = await createSandbox({
  stateDir: join(root, "state"),
  log: () => undefined,
  warmPods: 0,
});
const store = await openImageStore(join(root, "store"));
const lines: string[] = [];
const image = await buildImage({
  ...{ store, contextDir, tag: "own:1", buildArgs: {}, isRunAllowed: true },
  dockerfile: `FROM scratch
COPY programs /
COPY etc /etc
RUN mkdir -p /d/sub && echo old >/d/sub/old && echo gone >/gone && ls /
RUN rm /gone && rm -r /d/sub && mkdir /d/sub && echo new >/d/sub/new && echo x >>/etc/hosts
RUN --mount=type=cache,target=/c --mount=type=bind,source=etc,target=/in cat /in/passwd >/copied
COPY --chown=app --chmod=640 etc/passwd /owned/file
USER app
RUN echo x >>/owned/file && echo y >/owned/new && echo z >/tmp/z
CMD ["/bin/id"]
`,
  run: createRunStep(sandbox),
  log: (line) => lines.push(line.trim()),
});
const files = Object.keys(await filesOf(image)).filter((path) => !/^\/(bin|lib|usr|d)/.test(path));
const names = image.layers.map((directory) => store.layers.nameOf(directory));
const layers = await Promise.all(names.map((name) => store.layers.get(name)));
const owners = Object.fromEntries(layers.flatMap((layer) => Object.entries(layer?.owners ?? {})));
const opaque = layers.flatMap((layer) => layer?.opaque ?? []);
const pod = await sandbox.createPod({ name: "own" });
const writableDir = join(root, "writable");
mkdirSync(writableDir);
const app = await pod.launch({
  ...{ argv: ["/bin/sh", "-c", "ls /d/sub; id -u; echo /*; read x"], env: { PATH: "/bin" } },
  ...{ cwd: "/", user: "app", limits: {} },
  rootfs: { base: image.base, layers: image.layers, writableDir },
});
const exec = await pod.exec({ argv: ["/bin/cat", "/copied"], env: {} });
const copied = await text(exec.stdout);
const missing = await pod.exec({ argv: ["/bin/nope"], env: {} });
const missingExit = await missing.exited;
app.stdin.end("\n");
const output = await text(app.stdout);
await pod.close();
await sandbox[Symbol.asyncDispose]();
const result = {
  privilege: sandbox.facts.privilege,
  ...{ files, opaque, owners, lines, copied, output, missing: missingExit.exitCode },
  writableMode: statSync(writableDir).mode & 0o777,
};
rmSync(root, { recursive: true, force: true });
process.stdout.write(JSON.stringify(result));
