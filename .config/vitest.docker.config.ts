import { defineConfig } from "vitest/config";
import { filesLeftOut } from "../test/docker/not-applicable.ts";

const root = new URL("..", import.meta.url).pathname;

/** The tests of `npm run test:docker`, one file at a time. */
export default defineConfig({
  root,
  test: {
    name: "docker",
    include: ["test/e2e/**/*.test.ts"],
    exclude: filesLeftOut.map((file) => `test/e2e/${file}`),
    setupFiles: ["test/docker/leave-out.ts"],
    environment: "node",
    pool: "forks",
    fileParallelism: false,
    // A container of Docker's starts slowly, and workerd gives up on sidecars that are not up in 2 s.
    maxConcurrency: 2,
    silent: "passed-only",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    globalSetup: ["./.config/fresh-dist.ts"],
  },
});
