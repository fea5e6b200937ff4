export { cron } from "./cron/cron.ts";
export type { CronParser, CronTimes } from "./core/schedule/cron-parser.ts";
