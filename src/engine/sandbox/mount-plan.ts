import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";

import type { BaseView } from "./base-view.ts";
import { hasSubmounts, type MountInfo } from "./host-directories.ts";
import { bindMount, toMountTable, type MountEntry } from "./mount-table.ts";
import type { RootfsSpec, SandboxFacts } from "./sandbox.ts";

/** What a launch mounts over the prepared stage. */
export interface MountPlan {
  readonly table: string;
  /** Links in the pod's directory: short names, since overlay options must fit one page. */
  readonly links: ReadonlyMap<string, string>;
  /** Directories that must exist, below the upper and the work directory. */
  readonly parts: readonly string[];
}

/** What a plan depends on besides the image. */
export interface MountPlanContext {
  readonly view: BaseView;
  readonly privilege: SandboxFacts["privilege"];
  readonly mounts: readonly MountInfo[];
  readonly workDir: string;
}

const flags = ["nosuid", "nodev"];

/** Plans the overlays of a root file system: one for the root, one for each directory of the host. */
export function planMounts(rootfs: RootfsSpec, context: MountPlanContext): MountPlan {
  const { view } = context;
  const base = rootfs.base === "host" ? view.hostRoot : view.emptyRoot;
  const layers = rootfs.layers.toReversed();
  const links = new Map<string, string>([
    ["upper", rootfs.writableDir],
    ["work", context.workDir],
    ["base", base],
    ["over-host", view.overHost],
    ...layers.map((layer, index): [string, string] => [`l${index}`, layer]),
  ]);
  const hostNames = rootfs.base === "host" ? overlaidNames(view) : [];
  const layerLinks = layers.map((_, index) => `/pod/l${index}`);
  const entries = [
    overlay(context, "", ["/pod/top", ...layerLinks, "/pod/base"]),
    ...hostNames.map((name) => overHost(context, name, layers)),
    ...["proc", "sys", "dev"].map((name) => bindTree(`/pre/${name}`, `/newroot/${name}`)),
    ...(rootfs.base === "host" ? [bindTree("/pre/node", "/newroot/opt/node", "ro")] : []),
  ];
  const absolute = [...links].map(([name, path]): [string, string] => [name, `/old${path}`]);
  return { table: toMountTable(entries), links: new Map(absolute), parts: ["", ...hostNames] };
}

/** The top-level directories that come from the host. */
export function overlaidNames(view: BaseView): readonly string[] {
  return [...new Set([...view.hostDirectories.directories, "opt"])];
}

function overHost(context: MountPlanContext, name: string, layers: readonly string[]): MountEntry {
  const isLocked =
    context.privilege === "user-namespace" && hasSubmounts(`/${name}`, context.mounts);
  // The kernel refuses an unprivileged overlay over a directory that has something mounted below.
  if (isLocked) return bindTree(`/old/${name}`, `/newroot/${name}`, "ro");
  const lowers = layers.flatMap((layer, index) =>
    isDirectory(join(layer, name)) ? [`/pod/l${index}/${name}`] : [],
  );
  const overHostPath = existsSync(join(context.view.overHost, name))
    ? [`/pod/over-host/${name}`]
    : [];
  const host = isDirectory(`/${name}`) ? [`/old/${name}`] : [];
  return overlay(context, name, [...lowers, ...overHostPath, ...host]);
}

function overlay(context: MountPlanContext, name: string, lowers: readonly string[]): MountEntry {
  const kindOptions =
    context.privilege === "root"
      ? ["redirect_dir=off", "index=off", "metacopy=off"]
      : ["userxattr"];
  return {
    source: "overlay",
    target: join("/newroot", name),
    type: "overlay",
    options: [
      ...flags,
      `lowerdir=${lowers.join(":")}`,
      `upperdir=${join("/pod/upper", name)}`,
      `workdir=${join("/pod/work", name === "" ? "root" : name)}`,
      ...kindOptions,
      // Nobody needs a container's files after a crash of the host: no flush when it ends.
      "volatile",
    ],
  };
}

function bindTree(source: string, target: string, ...options: readonly string[]): MountEntry {
  return { ...bindMount(source, target), options: ["rbind", ...options] };
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
