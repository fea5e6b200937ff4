import { simulate } from "@berth/containers/testing";
import { expect, it } from "vitest";
import { Session } from "../src/index.ts";

it("boots once, serves, sleeps after five quiet minutes and costs nothing more", async () => {
  await using box = await simulate(Session, {
    app: () => new Response("hi"),
    ports: [4000],
    bootMs: 800,
  });
  const answers = await Promise.all([box.fetch("/a"), box.fetch("/b"), box.fetch("/c")]);
  expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(["hi", "hi", "hi"]);
  expect([box.starts, box.callsOf("onStart").length]).toEqual([1, 1]);

  await box.advance("4m"); // the object has left memory by now, the container has not
  expect([box.object, box.container.running]).toEqual([undefined, true]);

  await box.advance("20m");
  expect(box.callsOf("onStop")).toMatchObject([[{ runId: 1, cause: "idle", exitCode: 0 }]]);
  expect(box.bill().containerMs / 60_000).toBeCloseTo(5, 0);
  expect(box.bill().alarms).toBeLessThanOrEqual(2);
});
