import { Cron } from "croner";
import type { CronTimes } from "../core/schedule/cron-parser.ts";
import { ContainerError } from "../errors/container-error.ts";

/**
 * Reads cron expressions, for a class that schedules by them: minute, hour, day of month, month and
 * day of week, with an optional field of seconds before them.
 *
 * A local time that a change of clocks leaves out runs at the next valid minute; one that comes
 * twice runs once.
 *
 * @param expression for example `"0 3 * * *"`
 * @param timeZone an IANA name such as `"Europe/Berlin"` (default: UTC)
 * @throws {ContainerError} `INVALID_ARGUMENT` when either cannot be read
 * @example
 * ```ts
 * import { cron } from "@berth/containers/cron";
 *
 * export class App extends Container {
 *   override cron = cron;
 * }
 * // inside of it: await this.schedule({ cron: "0 3 * * *", timeZone: "Europe/Berlin" }, "tidy");
 * ```
 */
export function cron(expression: string, timeZone = "UTC"): CronTimes {
  const times = parse(expression, timeZone);
  return { nextAfterMs: (afterMs) => times.nextRun(new Date(afterMs))?.getTime() };
}

function parse(expression: string, timeZone: string): Cron {
  try {
    const times = new Cron(expression, { timezone: timeZone, mode: "5-or-6-parts", paused: true });
    times.nextRun(new Date(0)); // a zone that does not exist shows here
    return times;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ContainerError(
      "INVALID_ARGUMENT",
      `Cannot read the cron expression ${JSON.stringify(expression)} in ${JSON.stringify(timeZone)}: ${reason}; use five fields such as "0 3 * * *" and a zone such as "Europe/Berlin"`,
      { cause },
    );
  }
}
