import { createSandbox } from "../../../src/engine/sandbox/create-sandbox.ts";
import { ProcessPod } from "../../../src/engine/sandbox/pod.ts";
import { containerEnv, Workspace } from "./fixture.ts";

// An engine to be killed: makes two pods with apps and commands, one with the internet, and waits.
const stateDir = process.argv[2] ?? "";
const workspace = new Workspace();
const sandbox = await createSandbox({ stateDir, log: () => undefined });
for (const name of ["one", "two"]) {
  const pod = await sandbox.createPod({ name });
  await pod.launch(workspace.shell("sleep 1000 & sleep 1000"));
  await pod.exec({ argv: ["sleep", "1000"], env: containerEnv });
  if (name === "one" && pod instanceof ProcessPod) await pod.setInternet(true);
}
process.stdout.write(`${workspace.path}\n`);
setInterval(() => undefined, 1_000_000);
