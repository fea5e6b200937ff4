import { homedir } from "node:os";

import type { LoginScope } from "../../images/registry/docker-config-path.ts";
import type { CommandScope } from "./command.ts";

/** Whoever runs the command is who logs in. */
export function toLoginScope({ env }: CommandScope): LoginScope {
  return { env, homeDir: env["HOME"] ?? homedir() };
}
