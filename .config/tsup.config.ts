import { defineConfig, type Options } from "tsup";

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

export default defineConfig([
  {
    ...shared,
    platform: "neutral",
    target: "es2022",
    entry: { index: "src/index.ts", cron: "src/cron.ts", testing: "src/testing.ts" },
  },
  {
    ...shared,
    platform: "node",
    target: "node20",
    entry: {
      engine: "src/engine.ts",
      cli: "src/cli.ts",
      "pod-main": "src/engine/pod/main.ts",
      "docker-cli": "src/engine/docker-cli/main.ts",
    },
  },
]);
