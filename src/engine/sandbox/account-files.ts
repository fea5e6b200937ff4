import type { BaseView } from "./base-view.ts";
import type { AccountFiles } from "./container-user.ts";
import { SafeDirectory } from "./safe-directory.ts";
import type { RootfsSpec } from "./sandbox.ts";

/** Reads /etc/passwd and /etc/group of a root file system that need not be mounted. */
export function readAccountFiles(rootfs: RootfsSpec, view: BaseView): AccountFiles {
  const base = rootfs.base === "host" ? [view.hostRoot] : [];
  const directories = [rootfs.writableDir, ...rootfs.layers.toReversed(), ...base];
  const read = (name: string): string | undefined => {
    for (const directory of directories) {
      const text = SafeDirectory.readFileBelow(directory, ["etc", name]);
      if (text !== undefined) return text;
    }
    return undefined;
  };
  return { passwd: read("passwd"), group: read("group") };
}
