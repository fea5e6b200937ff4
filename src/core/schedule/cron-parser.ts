/** The times that a cron expression names. */
export interface CronTimes {
  /** The first of them after a moment, in milliseconds since the epoch; undefined for none. */
  nextAfterMs(afterMs: number): number | undefined;
}

/**
 * Reads a cron expression.
 *
 * @param timeZone an IANA name such as `"Europe/Berlin"` (default: UTC)
 * @throws {ContainerError} `INVALID_ARGUMENT`
 */
export type CronParser = (expression: string, timeZone?: string) => CronTimes;
