import { checkLogin } from "../../images/registry/check-login.ts";
import type { Credentials } from "../../images/registry/credentials.ts";
import { openRegistry } from "../../images/registry/open-registry.ts";
import { parseReference } from "../../images/registry/reference.ts";
import { saveLogin } from "../../images/registry/save-login.ts";
import { CliError } from "./cli-error.ts";
import { parseFlags, type Command } from "./command.ts";
import { toLoginScope } from "./login-scope.ts";

/** `docker login`: asks the registry, and keeps the login where Docker keeps it. */
export const loginCommand: Command = async (scope) => {
  const flags = parseFlags(scope.args, {
    username: { type: "string", short: "u" },
    password: { type: "string", short: "p" },
    "password-stdin": { type: "boolean" },
  });
  const [server = "docker.io", ...rest] = flags.positionals;
  if (rest.length > 0) throw new CliError("cannot log in: name one registry");
  const registryHost = toHost(server);
  const username = flags.value("username");
  const password = flags.has("password-stdin")
    ? (await scope.readStdin()).replace(/\r?\n$/, "")
    : flags.value("password");
  if (username === undefined || password === undefined || password === "") {
    throw new CliError(`cannot log in to ${server}: give --username NAME and --password-stdin`);
  }
  const credentials: Credentials = { kind: "basic", username, password };
  const source = Object.assign(() => Promise.resolve(credentials), { places: "this command" });
  const registry = openRegistry({ credentials: source, userAgent: "berth" });
  try {
    await checkLogin(registry, registryHost);
  } finally {
    registry.close();
  }
  const place = await saveLogin({ registryHost, credentials }, toLoginScope(scope));
  scope.note(`berth: kept in ${place}`);
  scope.print("Login Succeeded");
};

/** People give the address of a browser, too. */
function toHost(server: string): string {
  const host = server.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return parseReference(`${host}/any`).registryHost;
}
