import { existsSync, lstatSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";

import type { BaseView } from "./base-view.ts";
import { hasSubmounts, type MountInfo } from "./host-directories.ts";
import { bindMount, bindTree, type MountEntry } from "./mount-table.ts";
import type { RootfsSpec, SandboxFacts } from "./sandbox.ts";

/** What is mounted for a root file system. */
export interface MountPlan {
  readonly overlays: readonly MountEntry[];
  /** Links in the link directory: short names, since overlay options must fit one page. */
  readonly links: ReadonlyMap<string, string>;
  /** Directories that must exist, below the upper and the work directory; "" is the root. */
  readonly parts: readonly string[];
}

/** What a plan depends on besides the image. */
export interface MountPlanContext {
  readonly view: BaseView;
  readonly privilege: SandboxFacts["privilege"];
  readonly mounts: readonly MountInfo[];
  readonly workDir: string;
  /** Where the links are, as the process that mounts sees it. */
  readonly linkDir: string;
  /** Where the root file system appears. */
  readonly root: string;
  /** Where the host's root is, as the process that mounts sees it. */
  readonly hostRoot: string;
}

/** Plans the overlays of a root file system: one for the root, one for each directory of the host. */
export function planMounts(rootfs: RootfsSpec, context: MountPlanContext): MountPlan {
  const { view, hostRoot, linkDir } = context;
  const layers = rootfs.layers.toReversed();
  const targets: readonly (readonly [string, string])[] = [
    ["upper", rootfs.writableDir],
    ["work", context.workDir],
    ["base", rootfs.base === "host" ? view.hostRoot : view.emptyRoot],
    ["over-host", view.overHost],
    ...layers.map((layer, index) => [`l${index}`, layer] as const),
  ];
  const hostNames = rootfs.base === "host" ? overlaidNames(view) : [];
  const layerLinks = layers.map((_, index) => join(linkDir, `l${index}`));
  return {
    overlays: [
      overlay(context, "", [join(linkDir, "top"), ...layerLinks, join(linkDir, "base")]),
      ...hostNames.map((name) => overHost(context, name, layers)),
    ],
    links: new Map(targets.map(([name, path]) => [name, join(hostRoot, path)])),
    parts: ["", ...hostNames],
  };
}

/** Mounts a root file system's directories, once its overlays are there. */
export function planDirectories(
  { mounts = [] }: RootfsSpec,
  { hostRoot, root }: Pick<MountPlanContext, "hostRoot" | "root">,
): readonly MountEntry[] {
  return mounts.map(({ source, target, isReadOnly }) => {
    const options = ["nosuid", "nodev", ...(isReadOnly ? ["ro"] : [])];
    return bindMount(join(hostRoot, source), join(root, target), ...options);
  });
}

function overlaidNames(view: BaseView): readonly string[] {
  return [...new Set([...view.hostDirectories.directories, "opt"])];
}

function overHost(context: MountPlanContext, name: string, layers: readonly string[]): MountEntry {
  const { view, privilege, mounts, hostRoot, root, linkDir } = context;
  // The kernel refuses an unprivileged overlay over a directory that has something mounted below.
  if (privilege === "user-namespace" && hasSubmounts(`/${name}`, mounts))
    return bindTree(join(hostRoot, name), join(root, name), "ro", "nosuid", "nodev");
  const lowers = layers.flatMap((layer, index) =>
    isDirectory(join(layer, name)) ? [join(linkDir, `l${index}`, name)] : [],
  );
  const own = existsSync(join(view.overHost, name)) ? [join(linkDir, "over-host", name)] : [];
  const host = isDirectory(`/${name}`) ? [join(hostRoot, name)] : [];
  return overlay(context, name, [...lowers, ...own, ...host]);
}

function overlay(context: MountPlanContext, name: string, lowers: readonly string[]): MountEntry {
  const { privilege, linkDir, root } = context;
  return {
    source: "overlay",
    target: join(root, name),
    type: "overlay",
    options: [
      ...["nosuid", "nodev", `lowerdir=${lowers.join(":")}`],
      `upperdir=${join(linkDir, "upper", name)}`,
      `workdir=${join(linkDir, "work", name === "" ? "root" : name)}`,
      // Plain layers, whatever the kernel's defaults: they are copied, packed and stacked later.
      ...(privilege === "root" ? ["redirect_dir=off", "index=off", "metacopy=off"] : ["userxattr"]),
      // Nobody needs a container's files after a crash of the host: no flush when it ends.
      ...(isVolatileKnown() ? ["volatile"] : []),
    ],
  };
}

/** The kernel knows the option since 5.10. */
function isVolatileKnown(): boolean {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  return major > 5 || (major === 5 && minor >= 10);
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
