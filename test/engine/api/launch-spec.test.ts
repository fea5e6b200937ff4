import { describe, expect, it } from "vitest";

import { parseCreateBody } from "../../../src/engine/api/create-body.ts";
import { toLaunchSpec } from "../../../src/engine/api/launch-spec.ts";
import type { LaunchSpec } from "../../../src/engine/sandbox/sandbox.ts";
import type { Image, ImageConfig } from "../../../src/images/image-store.ts";
import { fakeImage } from "./fakes/fake-image-store.ts";

function launch(
  config: Partial<ImageConfig>,
  body: object,
  base: Image["base"] = "none",
): LaunchSpec {
  const image = { ...fakeImage("a:1", config), base };
  const facts = { hostname: "host", writableDir: "/w", limits: {}, mounts: [] };
  return toLaunchSpec(image, parseCreateBody({ Image: "a:1", ...body }), facts);
}

describe("toLaunchSpec()", () => {
  const both = { entrypoint: ["/entry"], cmd: ["default"] };

  it.each([
    [both, {}, ["/entry", "default"]],
    [both, { Cmd: ["mine"] }, ["/entry", "mine"]],
    [both, { Cmd: [] }, ["/entry", "default"]],
    [both, { Cmd: null, Entrypoint: null }, ["/entry", "default"]],
    [both, { Entrypoint: ["/other"] }, ["/other"]],
    [both, { Entrypoint: "/other", Cmd: ["mine"] }, ["/other", "mine"]],
    [{ cmd: ["only"] }, {}, ["only"]],
  ])("merges the command of %j and %j", (config, body, argv) => {
    expect(launch(config, body).argv).toEqual(argv);
  });

  it("refuses an empty command by name", () => {
    expect(() => launch({}, {})).toThrow(/^\[BAD_REQUEST\] .*a:1.*CMD or ENTRYPOINT/);
  });

  it("adds the request's environment to the image's, over Docker's defaults", () => {
    const body = { Env: ["A=mine", "B=x=y", "EMPTY=", "NO_VALUE"] };
    expect(launch({ ...both, env: { A: "image", C: "image" } }, body).env).toEqual({
      A: "mine",
      B: "x=y",
      C: "image",
      EMPTY: "",
      HOME: "/root",
      HOSTNAME: "host",
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    });
  });

  it("has nothing of the engine's own environment", () => {
    const names = Object.keys(launch(both, {}, "host").env);
    expect(names.toSorted()).toEqual(["HOME", "HOSTNAME", "PATH"]);
  });

  it.each([
    [undefined, "/root"],
    ["0:0", "/root"],
    ["root", "/root"],
    ["node", "/home/node"],
    ["node:node", "/home/node"],
    ["1000", "/"],
  ])("gives user %s the home %s", (user, home) => {
    const spec = launch(both, user === undefined ? {} : { User: user });
    expect(spec.env["HOME"]).toBe(home);
    expect(spec.user).toBe(user);
  });

  it("keeps a PATH and a HOME that are given", () => {
    const { env } = launch(both, { Env: ["PATH=/p", "HOME=/h"] });
    expect(env).toMatchObject({ PATH: "/p", HOME: "/h" });
  });

  it("takes directory and user of the request before the image's", () => {
    const config = { ...both, workingDir: "/image", user: "image" };
    expect(launch(config, {})).toMatchObject({ cwd: "/image", user: "image" });
    expect(launch(config, { WorkingDir: "/mine", User: "mine" })).toMatchObject({
      cwd: "/mine",
      user: "mine",
    });
    expect(launch({ ...both, workingDir: "" }, {}).cwd).toBe("/");
  });
});
