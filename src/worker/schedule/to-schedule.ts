import type { Task } from "../../core/schedule/task.ts";
import type { Schedule } from "../container-types.ts";

/** A task as users see it; the times of those that run once are as @cloudflare/containers has them. */
export function toSchedule<Payload>(task: Task): Schedule<Payload> {
  const { id: taskId, callback, spec, slotMs } = task;
  const payload = readPayload(task.payload) as Payload;
  const base = { taskId, callback, payload, time: slotMs / 1_000 };
  switch (spec.kind) {
    case "once":
      return spec.delayMs === undefined
        ? { ...base, type: "scheduled" }
        : { ...base, type: "delayed", delayInSeconds: spec.delayMs / 1_000 };
    case "every":
      return { ...base, type: "interval", everyMs: spec.everyMs };
    case "cron": {
      const { expression: cron, timeZone } = spec;
      return { ...base, type: "cron", cron, timeZone };
    }
  }
}

/** A text that is no JSON, which none of ours is, is given as it stands: no task is lost by it. */
function readPayload(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
