/** Tests of test/e2e that say nothing about Docker, and why. */
export interface NotApplicable {
  /** The file, and within it the beginning of the names that it concerns; all when left out. */
  readonly file: string;
  readonly name?: string;
  readonly reason: string;
}

const CENSUS = "counts the processes, mounts and links of the embedded engine";
const COMMAND = "`berth engine` is the embedded engine";
const WATCH = "berth watches the sources of images that it builds itself; on Docker it says so";
const NO_CONTAINER = "starts no container";

export const notApplicable: readonly NotApplicable[] = [
  { file: "recovery.test.ts", reason: CENSUS },
  { file: "terminal.test.ts", reason: CENSUS },
  { file: "scale.test.ts", reason: CENSUS },
  { file: "wrangler-types.test.ts", reason: NO_CONTAINER },
  { file: "deploy.test.ts", reason: NO_CONTAINER },
  { file: "images.test.ts", reason: NO_CONTAINER },
  { file: "images-cloudflare.test.ts", reason: NO_CONTAINER },
  { file: "wrangler-push.test.ts", reason: COMMAND },
  { file: "frameworks.test.ts", reason: COMMAND },
  { file: "tools.test.ts", name: "berth engine ", reason: COMMAND },
  { file: "tools.test.ts", name: "The testing kit ", reason: NO_CONTAINER },
  { file: "tools.test.ts", name: "startEngine() ", reason: "is about the embedded engine" },
  {
    file: "edit-loop.test.ts",
    name: "the edit loop of berth dev rebuilds and replaces",
    reason: WATCH,
  },
  { file: "edit-loop.test.ts", name: "the edit loop of berth dev says why a build", reason: WATCH },
  {
    file: "lifecycle.test.ts",
    name: "a container under berth dev ends with 137 when it takes more memory",
    reason: "workerd sets no limit of memory on Docker: the test would take all that the host has",
  },
];

/** Whether a whole file is left out. */
export const filesLeftOut: readonly string[] = notApplicable
  .filter(({ name }) => name === undefined)
  .map(({ file }) => file);

/** Why a test is left out; undefined when it is not. */
export function findReason(path: string, fullName: string): string | undefined {
  const found = notApplicable.find(
    ({ file, name = "" }) => path.endsWith(`/${file}`) && fullName.startsWith(name),
  );
  return found?.reason;
}
