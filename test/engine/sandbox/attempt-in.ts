import type { Pod } from "../../../src/engine/sandbox/sandbox.ts";
import { ATTEMPT } from "../api/fakes/attempt.ts";
import { containerEnv, outcomeOf } from "./fixture.ts";

/** Makes attempts from inside a pod whose app runs; what came of each. */
export async function attemptIn(pod: Pod, ...targets: readonly string[]): Promise<unknown> {
  const argv = ["node", "-e", ATTEMPT, ...targets];
  const { stdout, stderr } = await outcomeOf(await pod.exec({ argv, env: containerEnv }));
  return stdout === "" ? stderr : JSON.parse(stdout);
}
