import { ContainerError } from "../../errors/container-error.ts";
import type { CronParser } from "./cron-parser.ts";
import type { TaskSpec } from "./task.ts";

/**
 * The first slot of a task after a moment.
 *
 * @returns milliseconds since the epoch; undefined when there is none any more
 * @throws {ContainerError} `INVALID_CONFIG` for a cron expression without a parser
 */
export function nextSlotMs(
  spec: TaskSpec,
  afterMs: number,
  cron: CronParser | undefined,
): number | undefined {
  switch (spec.kind) {
    case "once":
      return undefined;
    case "every": {
      const { everyMs, fromMs } = spec;
      if (afterMs < fromMs) return fromMs;
      return fromMs + (Math.floor((afterMs - fromMs) / everyMs) + 1) * everyMs;
    }
    case "cron":
      return parserOf(cron)(spec.expression, spec.timeZone).nextAfterMs(afterMs);
  }
}

function parserOf(cron: CronParser | undefined): CronParser {
  if (cron !== undefined) return cron;
  throw new ContainerError(
    "INVALID_CONFIG",
    'Cannot read a cron expression: the class has no parser; add `import { cron } from "@berth/containers/cron"` and the field `cron = cron`',
  );
}
