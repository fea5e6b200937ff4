import { describe, expect, it } from "vitest";
import { checkEnvironment } from "../../../src/core/environment/check-environment.ts";
import { ContainerError } from "../../../src/errors/container-error.ts";

function faultOf(env: unknown): ContainerError | undefined {
  try {
    checkEnvironment(env);
    return undefined;
  } catch (error) {
    if (error instanceof ContainerError) return error;
    throw error;
  }
}

describe("checkEnvironment()", () => {
  it.each([
    [{}],
    [{ A: "" }],
    [{ _a1: "x=y", PATH: "/bin:/usr/bin", "spring.data-source": "ü\n" }],
    [{ A: "x".repeat(128 * 1_024 - 3) }],
  ])("takes what Linux takes", (env) => {
    expect(faultOf(env)).toBeUndefined();
  });

  it.each(["", "1A", "A=B", "A B", "A\0", "Ä", "-A"])("refuses the name %j", (name) => {
    const fault = faultOf({ [name]: "secret-value" });
    expect(fault?.code).toBe("INVALID_ENV");
    expect(fault?.details).toEqual({ name });
    expect(fault?.message).toContain(JSON.stringify(name));
    expect(fault?.message).toContain("use letters, digits, _, . and -");
    expect(fault?.message).not.toContain("secret-value");
  });

  it.each([
    ["secret-value\0", /NUL/],
    [7, /number/],
    [undefined, /undefined/],
    ["s".repeat(128 * 1_024 - 6), /131073 bytes; at most 131072/],
    ["ü".repeat(64 * 1_024), /at most 131072/],
  ])("refuses a value, and does not tell it", (value, says) => {
    const fault = faultOf({ TOKEN: value });
    expect(fault?.code).toBe("INVALID_ENV");
    expect(fault?.message).toMatch(says);
    expect(fault?.message).toContain('"TOKEN"');
    expect(fault?.message).not.toContain("secret-value");
    expect(fault?.message.length).toBeLessThan(200);
  });

  it.each([undefined, null, "A=B", ["A"]])("refuses %j in place of an environment", (env) => {
    const fault = faultOf(env);
    expect(fault?.code).toBe("INVALID_ENV");
    expect(fault?.details).toStrictEqual({});
    expect(fault?.message).toContain("the environment: ");
    expect(fault?.message).toContain("object of texts by name");
  });

  it("refuses more than 1 MiB together", () => {
    const names = Array.from({ length: 8 }, (_, index) => `A${index}`);
    const env = Object.fromEntries(names.map((name) => [name, "x".repeat(128 * 1_024 - 4)]));
    expect(faultOf(env)).toBeUndefined();
    env["B"] = "";
    expect(faultOf(env)?.message).toContain("the environment: it has 1048579 bytes");
    expect(faultOf(env)?.message).toContain("at most 1048576");
  });
});
