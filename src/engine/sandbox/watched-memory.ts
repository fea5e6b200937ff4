import type { MemoryControl } from "./memory-control.ts";

/** Placeholder replaced below. */
export const noControl: MemoryControl = {
  openGroup: () => ({
    openJoinFds: () => [],
    applyLimits: () => undefined,
    hasKilled: () => false,
    release: () => undefined,
    close: async () => undefined,
  }),
};
