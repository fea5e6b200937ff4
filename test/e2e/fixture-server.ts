import { afterAll, beforeAll } from "vitest";
import { Session } from "./client.ts";
import { berthDev, startDevServer, type DevServer } from "./dev-server.ts";
import { obstacle, skipWithoutNamespaces } from "./obstacle.ts";
import { createProject, type Project } from "./project.ts";

/** The fixture under `berth dev`, for all tests of a file. */
export interface FixtureServer {
  readonly server: DevServer;
  readonly project: Project;
  session(className: string, id: string): Session;
}

/** Has a file's tests share one `berth dev`; what it returns can be used in them. */
export function useFixtureServer(env: Readonly<Record<string, string>> = {}): FixtureServer {
  let project: Project | undefined;
  let server: DevServer | undefined;
  const opened = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("The server runs only during tests");
    return part;
  };
  skipWithoutNamespaces();
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    project = await createProject();
    const options = { command: berthDev(), cwd: project.path, env: { ...project.env, ...env } };
    server = await startDevServer(options);
  });
  afterAll(async () => {
    await server?.stop();
    await project?.[Symbol.asyncDispose]();
  });
  return {
    get server() {
      return opened(server);
    },
    get project() {
      return opened(project);
    },
    session: (className, id) => new Session(opened(server), className, id),
  };
}
