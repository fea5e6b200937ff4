import { Container as PeerContainer, ContainerProxy as PeerProxy } from "@cloudflare/containers";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Container, ContainerProxy } from "../../src/index.ts";
import { files, forgiveRejections, nodeProcess } from "./node-tools.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import type { AppClass, Subject } from "./scenarios/scenario.ts";
import { playAll, toMarkdown, toReasons } from "./versus-matrix.ts";

const README = `${nodeProcess.cwd()}/README.md`;
const BLOCK = /(<!-- versus:begin -->\n)[\s\S]*?(\n<!-- versus:end -->)/;

const NAMES = ["berth", "`@cloudflare/containers` 0.3.7"];
const SUBJECTS: readonly Subject[] = [
  { name: "berth", Container, ContainerProxy },
  { name: "peer", Container: PeerContainer as unknown as AppClass, ContainerProxy: PeerProxy },
];

// The peer leaves rejections to nobody; they would be taken for faults of this test.
let restoreRejections: (() => void) | undefined;

beforeAll(() => {
  restoreRejections = forgiveRejections();
  for (const method of ["error", "warn", "log"] as const) {
    vi.spyOn(console, method).mockReturnValue(undefined);
  }
});
afterAll(() => {
  vi.restoreAllMocks();
  restoreRejections?.();
});

// `npm run versus` prints the matrix and why; with `-- --write` it takes the README's place.
it("The README's comparison with the peer, scenario by scenario, is what the run gives", async () => {
  const rows = await playAll(SCENARIOS, SUBJECTS);
  const table = toMarkdown(rows, NAMES);
  const readme = files.readFileSync(README, "utf8");
  const written = readme.replace(
    BLOCK,
    (_all, begin: string, end: string) => `${begin}\n${table}\n${end}`,
  );
  if (nodeProcess.env["VERSUS"] !== undefined) {
    nodeProcess.stdout.write(`${table}\n\nWhy:\n${toReasons(rows, NAMES)}\n`);
  }
  if (nodeProcess.env["VERSUS"] === "write") files.writeFileSync(README, written);
  const compact = (text: string): string => text.replace(/[ -]+/g, " ");
  expect(compact(files.readFileSync(README, "utf8"))).toBe(compact(written));
  expect(written).toContain("<!-- versus:begin -->");
}, 120_000);
