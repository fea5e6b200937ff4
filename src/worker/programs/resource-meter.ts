import { isLive } from "../../core/lifecycle/phase.ts";
import {
  METRICS_SCRIPT,
  parseMetrics,
  type InstanceMetrics,
} from "../../core/metrics/parse-metrics.ts";
import { planExec } from "../../core/programs/exec-plan.ts";
import { OutputHead } from "../../core/programs/output-head.ts";
import { isContainerError } from "../../errors/container-error.ts";
import { toContainerError } from "../../errors/from-runtime.ts";
import type { Platform } from "../../ports/platform.ts";
import type { Supervisor } from "../supervisor.ts";
import { notSupportedError } from "./program-errors.ts";
import type { ProgramRunner } from "./program-runner.ts";

/** Enough for the processes of a busy container. */
const MAX_OUTPUT_BYTES = 1_024 * 1_024;
const PLAN = planExec(["sh", "-c", METRICS_SCRIPT], { timeout: "5s" }, MAX_OUTPUT_BYTES);

/** What a reading is made with. */
export interface MeterParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly runner: ProgramRunner;
}

/** Tells of the container without starting it, keeping it awake or counting as its use. */
export class ResourceMeter {
  readonly #parts: MeterParts;

  constructor(parts: MeterParts) {
    this.#parts = parts;
  }

  /** What the platform says of the container; `null` when none runs. */
  async inspect(): Promise<ContainerInfo | null> {
    const { runtime } = this.#parts.platform;
    if (typeof runtime.inspect !== "function") {
      throw notSupportedError("inspect", "inspect the container");
    }
    if (!isLive(await this.#parts.supervisor.reconcile())) return null;
    try {
      const info = await runtime.inspect();
      return info === null ? null : { image: info.image, labels: { ...info.labels } };
    } catch (error) {
      throw toContainerError(error, "inspect the container");
    }
  }

  /** What the instance uses; `null` when none runs. */
  async metrics(): Promise<InstanceMetrics | null> {
    const { supervisor, runner, platform } = this.#parts;
    runner.check();
    if (!isLive(await supervisor.reconcile())) return null;
    const head = new OutputHead(MAX_OUTPUT_BYTES);
    const sinks = {
      stdout: (part: Uint8Array) => head.take("stdout", part),
      stderr: () => {},
    };
    try {
      const { end } = await runner.start({ plan: PLAN, sinks: () => sinks });
      await end;
    } catch (error) {
      // An image without a shell tells nothing, and that is no fault of it.
      if (!isContainerError(error, "PROGRAM_NOT_FOUND")) throw error;
    }
    return parseMetrics(head.text("stdout"), platform.clock.now());
  }
}
