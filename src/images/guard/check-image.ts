import type { ImageErrorCode } from "../image-error.ts";
import type { ImageFacts, ImageLimits, LayerFacts } from "./image-facts.ts";
import type { LargeFile } from "./largest-files.ts";
import { formatBytes } from "../format-bytes.ts";

/** Why an image should not be pushed. */
export interface ImageProblem {
  readonly code: Extract<ImageErrorCode, "ACCOUNT_FULL" | "IMAGE_TOO_LARGE" | "IMAGE_UNFIT">;
  /** "warn": it may run all the same. */
  readonly severity: "refuse" | "warn";
  readonly text: string;
}

const MIB = 1024 * 1024;
const SHOWN = 10;

/**
 * Checks an image against what Cloudflare gives, before any byte is sent. Pure.
 *
 * @returns every problem, those that refuse it first
 */
export function checkImage(facts: ImageFacts, limits: ImageLimits): readonly ImageProblem[] {
  const problems = [
    checkPlatform(facts),
    checkDisk(facts, limits),
    checkAccount(facts, limits),
    checkProgram(facts),
    checkPorts(facts),
  ];
  return problems
    .filter((problem) => problem !== undefined)
    .toSorted((a, b) => a.severity.localeCompare(b.severity));
}

/** The disk that wrangler asks for: a tenth for the file system, and 16 MiB for each layer. */
export function requiredDiskBytes(layers: readonly LayerFacts[]): number {
  return Math.ceil(sumOf(layers) * 1.1 + layers.length * 16 * MIB);
}

function checkDisk(facts: ImageFacts, limits: ImageLimits): ImageProblem | undefined {
  const requiredBytes = requiredDiskBytes(facts.layers);
  if (requiredBytes <= limits.diskBytes) return undefined;
  const text =
    `Cannot run ${facts.name} on ${limits.instanceType}: its ${facts.layers.length} layers unpack ` +
    `to ${formatBytes(sumOf(facts.layers))} and need ${formatBytes(requiredBytes)} of disk, and there ` +
    `are ${formatBytes(limits.diskBytes)}; make it smaller, use a larger instance_type, or push it ` +
    `all the same with --force\n${describeSizes(facts)}`;
  return { code: "IMAGE_TOO_LARGE", severity: "refuse", text };
}

function checkAccount(facts: ImageFacts, limits: ImageLimits): ImageProblem | undefined {
  const { accountBytes, addedBytes } = facts;
  if (accountBytes === undefined || addedBytes === undefined) return undefined;
  if (addedBytes === 0 || accountBytes + addedBytes <= limits.accountBytes) return undefined;
  const text =
    `Cannot push ${facts.name}: it adds ${formatBytes(addedBytes)} to the account's ` +
    `${formatBytes(accountBytes)}, and ${formatBytes(limits.accountBytes)} is the limit; delete images ` +
    "that nothing uses (berth images prune --remote REPOSITORY), raise the limit that is checked " +
    `with --account-limit, or push it all the same with --force\n${describeSizes(facts)}`;
  return { code: "ACCOUNT_FULL", severity: "refuse", text };
}

function checkPlatform({ name, platform }: ImageFacts): ImageProblem | undefined {
  if (platform.os === "linux" && platform.architecture === "amd64") return undefined;
  const text =
    `Cannot run ${name}: it is made for ${platform.os}/${platform.architecture}, and Cloudflare ` +
    "runs linux/amd64; build it with --platform linux/amd64, or push it all the same with --force";
  return { code: "IMAGE_UNFIT", severity: "refuse", text };
}

function checkProgram({ name, config }: ImageFacts): ImageProblem | undefined {
  if (config.entrypoint.length > 0 || config.cmd.length > 0) return undefined;
  const text =
    `Cannot start ${name}: it has neither ENTRYPOINT nor CMD; add one to the Dockerfile, or push ` +
    "it all the same with --force when each start of the container gives an entrypoint";
  return { code: "IMAGE_UNFIT", severity: "refuse", text };
}

function checkPorts({ name, config }: ImageFacts): ImageProblem | undefined {
  if (config.exposedPorts.length > 0) return undefined;
  const text =
    `${name} exposes no port: it runs on Cloudflare, but wrangler dev reaches only the ports that ` +
    "EXPOSE names; add EXPOSE with the class's defaultPort to the Dockerfile";
  return { code: "IMAGE_UNFIT", severity: "warn", text };
}

function describeSizes(facts: ImageFacts): string {
  const layers = facts.layers.toSorted((a, b) => b.sizeBytes - a.sizeBytes).slice(0, SHOWN);
  const files = facts.largestFiles?.slice(0, SHOWN) ?? [];
  return [
    "Largest layers:",
    ...layers.map((layer) => `  ${column(layer.sizeBytes)}  ${layer.name}`),
    ...(files.length > 0 ? ["Largest files:"] : []),
    ...files.map(describeFile),
  ].join("\n");
}

function describeFile({ path, sizeBytes, layer, isHidden }: LargeFile): string {
  const note = isHidden ? " (hidden by a layer above, and weighs all the same)" : "";
  return `  ${column(sizeBytes)}  ${path}, in ${layer}${note}`;
}

function column(bytes: number): string {
  return formatBytes(bytes).padStart(8);
}

function sumOf(layers: readonly LayerFacts[]): number {
  return layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
