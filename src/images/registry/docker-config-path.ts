import { join } from "node:path";

/** Whose logins are meant. */
export interface LoginScope {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
}

/** @returns the file that `docker login` writes */
export function dockerConfigPath({ env, homeDir }: LoginScope): string {
  return join(env["DOCKER_CONFIG"] || join(homeDir, ".docker"), "config.json");
}

/** @returns the files that logins are looked for in, in this order */
export function credentialPaths(scope: LoginScope): readonly string[] {
  const { REGISTRY_AUTH_FILE: authFile, XDG_RUNTIME_DIR: runtimeDir } = scope.env;
  return [
    ...(authFile ? [authFile] : []),
    dockerConfigPath(scope),
    ...(runtimeDir ? [join(runtimeDir, "containers/auth.json")] : []),
  ];
}
