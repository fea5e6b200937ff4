import { IDLE } from "./a-idle.ts";
import { ALARMS } from "./b-alarms.ts";
import { START } from "./c-start.ts";
import { PROXYING, REPLACEMENT } from "./d-replacement.ts";
import { EGRESS } from "./e-egress.ts";
import { REST } from "./f-rest.ts";
import type { Scenario } from "./scenario.ts";

/** Every scenario, in the order of their numbers. 60 is of the pool. */
export const SCENARIOS: readonly Scenario[] = [
  ...IDLE,
  ...ALARMS,
  ...START,
  ...REPLACEMENT,
  ...PROXYING,
  ...EGRESS,
  ...REST,
];
