import { env } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { getContainer } from "../../src/worker/get-container.ts";
import { getRandom } from "../../src/worker/get-random.ts";
import { loadBalance } from "../../src/worker/load-balance.ts";

const idOf = (name: string): string => env.BOX.idFromName(name).toString();
const missing = { BOX: env.BOX }; // as an Env whose type promises more than the configuration has

describe("getContainer()", () => {
  it("gives the instance of that name, and one for all when asked for none", () => {
    expect(getContainer(env.BOX, "alice").id.toString()).toBe(idOf("alice"));
    expect(getContainer(env.BOX).id.toString()).toBe(idOf("cf-singleton-container"));
  });

  it.each([
    ["undefined", undefined],
    ["no Durable Object namespace", "BOX"],
    ["no Durable Object namespace", null],
  ])("says that the binding is %s and how to mend it", (what, binding) => {
    Object.assign(missing, { BOX: binding });
    expect(() => getContainer(missing.BOX, "a")).toThrow(
      `[NO_BINDING] Cannot get a container: the binding is ${what}; add its name to "durable_objects"`,
    );
  });
});

describe("getRandom()", () => {
  it("gives each of its instances, and none else", async () => {
    const found = new Set<string>();
    for (let i = 0; i < 200; i += 1) found.add((await getRandom(env.BOX, 2)).id.toString());
    expect(found).toEqual(new Set([idOf("instance-0"), idOf("instance-1")]));
  });

  it.each([0, -3, 1.5, NaN])("rejects %d instances", async (count) => {
    await expect(getRandom(env.BOX, count)).rejects.toThrow("[INVALID_ARGUMENT]");
  });
});

describe("loadBalance()", () => {
  it("is getRandom() under its old name", async () => {
    expect((await loadBalance(env.BOX, 1)).id.toString()).toBe(idOf("instance-0"));
  });
});
