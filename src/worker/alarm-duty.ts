import type { Platform } from "../ports/platform.ts";
import type { Scheduler } from "./schedule/scheduler.ts";
import type { SnapshotRefresh } from "./snapshots/snapshot-refresh.ts";
import type { Supervisor } from "./supervisor.ts";
import type { UserAlarm } from "./user-alarm.ts";

/** What an alarm's duties are done with. */
export interface DutyParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly tasks: Scheduler;
  readonly userAlarm: UserAlarm;
  readonly refresh: SnapshotRefresh;
}

/**
 * Does what is due when the one alarm comes: scheduled tasks, the user's own alarm, hooks to
 * repeat, the idle stop, the kill after the grace. Nothing waits inside of it.
 */
export async function doAlarmDuty({
  platform,
  supervisor,
  tasks,
  userAlarm,
  refresh,
}: DutyParts): Promise<void> {
  supervisor.takeAlarm();
  await supervisor.reconcile();
  platform.keepAlive(tasks.runDue(() => supervisor.rearm()));
  userAlarm.ringIfDue();
  refresh.runIfDue();
  supervisor.evaluate();
}
