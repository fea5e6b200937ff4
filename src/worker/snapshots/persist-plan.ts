import type { DirectoryPlan } from "../directory/directory.ts";
import type { SnapshotPlan } from "../../core/snapshot/snapshot.ts";

/** How a container's files outlive its sleep: as a whole at the platform, or one directory in R2. */
export type PersistPlan = SnapshotPlan | DirectoryPlan;
