import { defineConfig, type Options } from "tsup";

/** What is imported as a whole, to see what this Node has. */
const wholeNodeModules = ["node:zlib"];

/**
 * An `import` of a module of Node's reads all that it exports, and some of that is loaded when it is
 * read: the fetch client by "node:http", web cryptography by "node:crypto". That is a tenth of a
 * short command's time. Here only the names that are used are read.
 */
const lazyNodeModules: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "lazy-node-modules",
  setup(build) {
    const namespace = "lazy-node-module";
    build.onResolve({ filter: /^node:/ }, ({ path, kind }) => {
      const isWhole = wholeNodeModules.includes(path) || kind !== "import-statement";
      return isWhole ? { path, external: true } : { path, namespace };
    });
    build.onLoad({ filter: /./, namespace }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) ?? {});
      // Marked as pure, so that esbuild leaves out what nobody imports.
      const exported = names.map(
        (name) => `export const ${name} = /* @__PURE__ */ (() => it.${name})();`,
      );
      const contents = [`const it = process.getBuiltinModule("${path}");`, ...exported].join("\n");
      return { contents };
    });
  },
};

const shared: Options = {
  format: "esm",
  sourcemap: true,
  // Stack traces of users should be readable; whoever deploys minifies.
  minify: false,
  dts: false,
  clean: false,
  // workerd loads dist/index.js alone, and the engine starts dist/pod-main.js alone: every entry
  // stands by itself, without shared chunks.
  splitting: false,
  external: [/^cloudflare:/, /^node:/],
  outDir: "dist",
};

/**
 * What is imported and is a devDependency is bundled: a package of many small files takes longer to
 * be found than to be run. Those that are CommonJS ask for modules of Node's.
 */
const bundling: Options = {
  banner: {
    js: 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);',
  },
};

export default defineConfig([
  {
    ...shared,
    platform: "neutral",
    target: "es2022",
    entry: { index: "src/index.ts", cron: "src/cron.ts", testing: "src/testing.ts" },
  },
  {
    ...shared,
    ...bundling,
    platform: "node",
    target: "node20",
    entry: {
      engine: "src/engine.ts",
      "docker-cli": "src/engine/docker-cli/main.ts",
    },
  },
  {
    ...shared,
    platform: "node",
    target: "node20",
    entry: { "pod-main": "src/engine/pod/main.ts" },
  },
  {
    ...shared,
    ...bundling,
    platform: "node",
    target: "node20",
    entry: { cli: "src/cli.ts" },
    // A command loads the chunks that it needs.
    splitting: true,
    external: [/^cloudflare:/],
    removeNodeProtocol: false,
    esbuildPlugins: [lazyNodeModules],
  },
]);
