import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
export default defineConfig({
  root: "/work/main",
  plugins: [cloudflareTest({ wrangler: { configPath: "/work/main/wrangler.jsonc" } })],
  test: { include: ["test/worker/**/*.test.ts"] },
});
