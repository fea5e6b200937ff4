import type { Platform } from "../../ports/platform.ts";
import type { Admission } from "../admission.ts";
import { JobAttempts } from "../job-attempts.ts";
import type { JobStore } from "../job-store.ts";
import { Jobs } from "../jobs.ts";
import type { StartSettings } from "../start-settings.ts";
import type { Supervisor } from "../supervisor.ts";
import { ProgramRunner } from "./program-runner.ts";
import { Programs } from "./programs.ts";
import { ResourceMeter } from "./resource-meter.ts";
import { TcpConnector } from "./tcp-connector.ts";

/** What is done inside a container. */
export interface ProgramMachinery {
  readonly programs: Programs;
  readonly meter: ResourceMeter;
  readonly connector: TcpConnector;
  readonly jobs: Jobs;
}

/** What that is made with. */
export interface ProgramGround {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly admission: Admission;
  readonly starts: StartSettings;
  readonly store: JobStore;
}

/** Puts together what is done inside a container. Nothing happens yet. */
export function assemblePrograms(ground: ProgramGround): ProgramMachinery {
  const { platform, supervisor } = ground;
  const runner = new ProgramRunner(platform, supervisor);
  return {
    programs: new Programs({ ...ground, runner }),
    meter: new ResourceMeter({ platform, supervisor, runner }),
    connector: new TcpConnector(ground),
    jobs: new Jobs({ ...ground, attempts: new JobAttempts({ ...ground, runner }) }),
  };
}
