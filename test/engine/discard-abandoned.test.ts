import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it } from "vitest";

import { discardAbandoned } from "../../src/engine/discard-abandoned.ts";

it("discards copies that are older than a day, and no others", async () => {
  const directory = await mkdtemp(join(tmpdir(), "berth-abandoned-"));
  await mkdir(join(directory, "copy"));
  const discarded: string[] = [];
  const discarder = { discard: (path: string) => void discarded.push(path) };
  await discardAbandoned(directory, discarder);
  await discardAbandoned(join(directory, "none"), discarder, Date.now() + 1e9);
  expect(discarded).toEqual([]);
  await discardAbandoned(directory, discarder, Date.now() + 1e9);
  expect(discarded).toEqual([join(directory, "copy")]);
  await rm(directory, { recursive: true });
});
