import { describe, expect, it } from "vitest";

import { runAs, testUsers } from "./run-as.ts";

for (const user of testUsers) {
  const reason = user.obstacle;
  describe.skipIf(reason !== undefined)(
    `imported layers, as ${user.name}${reason ? ` (skipped: ${reason})` : ""}`,
    () => {
      it("hide what they delete from a container", async () => {
        expect(await runAs(user, "./imported-layers-runner.ts")).toEqual({
          app: ["kept"],
          data: ["shown"],
          text: "shown",
        });
      });
    },
  );
}
