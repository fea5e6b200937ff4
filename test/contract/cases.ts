import { alarmCases } from "./cases/alarm.ts";
import { egressCases } from "./cases/egress.ts";
import { evictionCases } from "./cases/eviction.ts";
import { execCases } from "./cases/exec.ts";
import { gateCases } from "./cases/gates.ts";
import { imageCases } from "./cases/image.ts";
import { monitorCases } from "./cases/monitor.ts";
import { notRunningCases } from "./cases/not-running.ts";
import { portCases } from "./cases/port.ts";
import { resetCases } from "./cases/reset.ts";
import { socketCases } from "./cases/socket.ts";
import { startCases } from "./cases/start.ts";
import { storageCases } from "./cases/storage.ts";
import { stubCases } from "./cases/stub.ts";
import type { ContractCase } from "./contract-case.ts";

/** Every claim of the contract. */
export const cases: readonly ContractCase[] = [
  ...startCases,
  ...notRunningCases,
  ...portCases,
  ...monitorCases,
  ...socketCases,
  ...execCases,
  ...egressCases,
  ...imageCases,
  ...evictionCases,
  ...resetCases,
  ...gateCases,
  ...alarmCases,
  ...storageCases,
  ...stubCases,
];
