import { describe, expect, it } from "vitest";

import { runAs, testUsers } from "./sandbox/run-as.ts";

// Root, or whoever runs the tests, is in image-run.test.ts.
const nobody = testUsers.find(({ name }) => name === "nobody") ?? testUsers[0];
const obstacle = nobody?.obstacle;

describe("an image of its own files", () => {
  it.skipIf(nobody === undefined || obstacle !== undefined)(
    `is built and run without root${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`,
    async () => {
      if (nobody === undefined) return;
      expect(await runAs(nobody, "../unprivileged-build-runner.ts")).toMatchObject({
        privilege: "user-namespace",
        files: ["/copied", "/etc/passwd", "/owned/file", "/owned/new", "/tmp/z"],
        owners: Object.fromEntries(
          ["owned", "owned/file", "owned/new", "tmp", "tmp/z"].map((path) => [
            path,
            { uid: 7, gid: 8 },
          ]),
        ),
        opaque: ["d/sub"],
        copied: expect.stringContaining("app:x:7:8"),
        output: expect.stringMatching(/^new\n0\n\/bin \/copied \/d \/dev/),
        missing: 127,
      });
    },
  );
});
