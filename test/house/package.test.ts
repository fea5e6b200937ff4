import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import * as nodeModule from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const root = join(import.meta.dirname, "..", "..");

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Names in the `export { … }` that ends a bundle. */
function exportedNames(path: string): readonly string[] {
  const names = /export \{([^}]*)\};/.exec(read(path))?.[1] ?? "";
  return names
    .split(",")
    .map((name) => name.trim().replace(/^.* as /, ""))
    .filter((name) => name !== "")
    .toSorted();
}

/** Modules that a bundle imports, statically or not. */
function importedModules(path: string): readonly string[] {
  const imports = read(path).matchAll(/^(?:import|export)\b[^"'\n]*["']([^"']+)["']/gm);
  const dynamic = read(path).matchAll(/\bimport\(["']([^"']+)["']\)/g);
  return [...new Set([...imports, ...dynamic].map((match) => match[1] ?? ""))];
}

describe("package.json", () => {
  it("is ESM, MIT, free of side effects, and asks for Node 20.20 at least", () => {
    expect(manifest).toMatchObject({
      name: "@berth/containers",
      type: "module",
      license: "MIT",
      sideEffects: false,
      engines: { node: ">=20.20" },
    });
  });

  it("points at built files only", () => {
    const {
      ".": index,
      "./cron": cron,
      "./testing": testing,
      "./engine": engine,
    } = manifest.exports;
    const targets = [index, cron, testing, engine].flatMap((entry) => [entry.types, entry.default]);
    const missing = [...targets, manifest.bin.berth].filter(
      (path) => !existsSync(join(root, path)),
    );
    expect(missing).toEqual([]);
  });

  it("has a bin that a shell can start", () => {
    expect(read(manifest.bin.berth).split("\n")[0]).toBe("#!/usr/bin/env node");
  });

  it("has the programs that the engine starts beside its entries", () => {
    const sizes = ["pod-main.js", "docker-cli.js"].map(
      (name) => statSync(join(root, "dist", name)).size,
    );
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });

  it("approves the install scripts of exactly the packages that need theirs", () => {
    expect(manifest.allowScripts).toEqual({ esbuild: true, node: true, workerd: true });
  });
});

describe("berth", () => {
  const cli = join(root, manifest.bin.berth);

  /** What a chunk loads at once, by itself and by other chunks. */
  function loadedBy(name: string, seen = new Set<string>()): ReadonlySet<string> {
    if (seen.has(name)) return seen;
    seen.add(name);
    if (!name.startsWith("./")) return seen;
    const imports = read(join("dist", name)).matchAll(
      /^(?:import|\}) [^"'\n]*["']([^"']+)["'];$/gm,
    );
    for (const [, imported = ""] of imports) loadedBy(imported, seen);
    return seen;
  }

  it("loads what only some commands need when one of them runs", () => {
    const main = readdirSync(join(root, "dist")).find((name) => /^main-\w+\.js$/.test(name));
    const loaded = [...loadedBy(`./${main}`)];
    // Packages are bundled, or loaded when they are needed. Of a module of Node's an import reads all
    // names, and some of them load a lot; this one is looked at as a whole.
    expect(loaded.filter((name) => !name.startsWith("."))).toEqual(["node:zlib"]);
    expect(loaded.length).toBeLessThanOrEqual(7);
  });

  it("passes on the licenses of what is bundled", () => {
    const licenses = read("dist/third-party-licenses.txt").split("\n---\n\n");
    expect(licenses.map((text) => text.split("\n", 1)[0])).toEqual([
      ...["@balena/dockerignore", "commander", "dockerfile-ast"],
      ...["vscode-languageserver-textdocument", "vscode-languageserver-types"],
    ]);
    for (const text of licenses)
      expect(text).toMatch(/permission is hereby granted|apache license/i);
  });

  it.runIf("enableCompileCache" in nodeModule)("keeps compiled code in the user's cache", () => {
    const home = mkdtempSync(join(tmpdir(), "berth-house-"));
    try {
      const env = { ...process.env, XDG_CACHE_HOME: home, NODE_COMPILE_CACHE: "" };
      const { stdout } = spawnSync(process.execPath, [cli, "--version"], { env });
      expect(stdout.toString()).toBe(`${manifest.version}\n`);
      const kept = readdirSync(join(home, "berth", "compiled"), { recursive: true });
      expect(kept.length).toBeGreaterThan(2);
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  it("runs where nothing can be kept", () => {
    const env = { ...process.env, XDG_CACHE_HOME: "/dev/null" };
    const { stdout } = spawnSync(process.execPath, [cli, "--version"], { env });
    expect(stdout.toString()).toBe(`${manifest.version}\n`);
  });
});

describe("exports", () => {
  it('gives the names of "."', () => {
    expect(exportedNames("dist/index.js")).toEqual([
      "Container",
      "ContainerError",
      "ContainerProxy",
      "all",
      "any",
      "directory",
      "errorCode",
      "exec",
      "getContainer",
      "getRandom",
      "http",
      "isContainerError",
      "loadBalance",
      "outboundParams",
      "sessionId",
      "snapshot",
      "switchPort",
      "tcp",
    ]);
  });

  it('gives the names of "./testing"', () => {
    expect(exportedNames("dist/testing.js")).toEqual([
      "FakeClock",
      "FakeContainer",
      "FakeEgress",
      "FakeFaults",
      "FakeSnapshots",
      "SimulatedInstance",
      "SimulatedWorld",
      "createWorld",
      "fakeContainers",
      "installContainer",
      "simulate",
      "simulation",
      "systemClock",
    ]);
  });

  it('gives the names of "./engine"', () => {
    expect(exportedNames("dist/engine.js")).toEqual(["EngineError", "startEngine"]);
  });

  it('imports nothing but cloudflare:workers in "."', () => {
    expect(importedModules("dist/index.js")).toEqual(["cloudflare:workers"]);
  });

  it('imports croner in "./cron" alone', () => {
    expect(exportedNames("dist/cron.js")).toEqual(["cron"]);
    expect(importedModules("dist/cron.js")).toEqual(["croner"]);
  });

  it('imports nothing in "./testing"', () => {
    expect(importedModules("dist/testing.js")).toEqual([]);
  });

  it("leaks no any into the types", () => {
    const files = readdirSync(join(root, "dist", "types"), { recursive: true, encoding: "utf8" });
    const declarations = files.filter((path) => path.endsWith(".d.ts"));
    const leaky = declarations.filter((path) => {
      const code = read(join("dist", "types", path)).replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
      return /[:<|&=,(]\s*any\b(?!["(])/.test(code); // there is a function of that name
    });
    expect(declarations).toContain("index.d.ts");
    expect(leaky).toEqual([]);
  });
});
