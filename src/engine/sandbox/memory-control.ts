/** Limits a pod's memory and CPU, and knows when the limit killed. */
export interface MemoryControl {
  /** Makes the group of a pod. */
  openGroup(name: string): ResourceGroup;
}

/** The processes of one pod. */
export interface ResourceGroup {
  /** Files into which a process writes `0` to join, opened; to be inherited by a shell. */
  openJoinFds(): readonly number[];
  /** Puts limits into force; the app's first process is known by its pid on the host. */
  applyLimits(limits: ResourceLimits, hostPid: number): void;
  /** Whether the limit killed a process since the last {@link applyLimits}. */
  hasKilled(): boolean;
  /** Lifts limits that hold for the app that ended. */
  release(): void;
  /** Removes the group; its processes have ended. */
  close(): Promise<void>;
}

/** What a container may use. */
export interface ResourceLimits {
  readonly memoryBytes?: number;
  readonly vcpu?: number;
}
