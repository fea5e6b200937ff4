import { env } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../src/core/routing/placement.ts";
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

describe("getContainer() with a placement", () => {
  const placed = (placement: Placement): string =>
    getContainer(env.BOX, "alice", placement).id.toString();

  it("has instances of its own for each region and each jurisdiction", () => {
    const ids = [placed({}), placed({ locationHint: "weur" }), placed({ locationHint: "enam" })];
    expect(new Set(ids).size).toBe(3);
    expect(ids[0]).toBe(idOf("alice"));
    expect(placed({ locationHint: "weur" })).toBe(ids[1]);
  });

  it("hands the hint to the platform, at the jurisdiction's own namespace", () => {
    const calls: unknown[] = [];
    const namespace = {
      idFromName: (name: string) => name,
      get: (...args: unknown[]) => void calls.push(args),
      jurisdiction: (name: string) => {
        if (name !== "eu") throw new TypeError("no such jurisdiction");
        return { ...namespace, idFromName: (id: string) => `eu:${id}` };
      },
    };
    const binding = namespace as unknown as typeof env.BOX;
    getContainer(binding, "alice", { locationHint: "weur", jurisdiction: "eu" });
    getContainer(binding, "alice");
    expect(calls).toEqual([["eu:@weur/alice", { locationHint: "weur" }], ["alice"]]);
    const nowhere = { jurisdiction: "atlantis" } as unknown as Placement;
    expect(() => getContainer(binding, "alice", nowhere)).toThrow(/INVALID_ARGUMENT.*"atlantis"/);
  });

  it("refuses a hint that there is not, and a name that would be another's", () => {
    const nowhere = { locationHint: "moon" } as unknown as Placement;
    expect(() => placed(nowhere)).toThrow(/INVALID_ARGUMENT.*"moon".*weur/);
    expect(() => getContainer(env.BOX, "@weur/alice")).toThrow(/INVALID_ARGUMENT.*@weur\/alice/);
    expect(getContainer(env.BOX, "@acme/alice").id.toString()).toBe(idOf("@acme/alice"));
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
