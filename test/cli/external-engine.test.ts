import { describe, expect, it } from "vitest";

import { findExternalEngine, type RunProgram } from "../../src/cli/external-engine.ts";

function installed(programs: Readonly<Record<string, string>>): RunProgram {
  return async (program) => {
    const output = programs[program];
    if (output === undefined) throw new Error(`${program}: not found`);
    return output;
  };
}

describe("findExternalEngine()", () => {
  it.each([
    [{}, undefined],
    [{ docker: "" }, { kind: "docker", env: { WRANGLER_DOCKER_BIN: "docker" } }],
    [
      { podman: "/run/podman.sock\n" },
      {
        kind: "podman",
        env: { WRANGLER_DOCKER_BIN: "podman", DOCKER_HOST: "unix:///run/podman.sock" },
      },
    ],
    [
      { podman: "unix:///run/p.sock" },
      { kind: "podman", env: { WRANGLER_DOCKER_BIN: "podman", DOCKER_HOST: "unix:///run/p.sock" } },
    ],
    [
      { docker: "", podman: "/p" },
      { kind: "docker", env: { WRANGLER_DOCKER_BIN: "docker" } },
    ],
  ])("with %j finds %j", async (programs, expected) => {
    expect(await findExternalEngine(["docker", "podman"], installed(programs))).toEqual(expected);
  });
});
