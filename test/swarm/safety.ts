import { lifeFloorMs } from "../../src/core/activity.ts";
import { DEFAULT_POLICY } from "../../src/core/lifecycle/policy.ts";
import type { StopRecord } from "../../src/core/lifecycle/phase.ts";
import { tally } from "./hour-report.ts";
import type { SwarmBox } from "./swarm-box.ts";

// What must hold after every event (orchestration: I1, I4, I5, I7, I10, I11, L9).

const ALARM_WINDOW_MS = 10_000;
const MAX_ALARMS = 15;

/** Beyond the platform's floor: a destroy that fails is repeated, an alarm may be late. */
const SLACK_MS = 20 * 60_000;

/** Looks at one box after each event, and notes what must not be. */
export class Safety {
  readonly #box: SwarmBox;
  readonly #startHooks = new Map<number, number>();
  readonly #floorMs: number;
  #phase: string | undefined;
  #retryAtMs = 0;
  #hooks = 0;
  #early = 0;
  #alarms = 0;
  #alarmTimes: number[] = [];
  #isLeaking = false;

  constructor(box: SwarmBox) {
    this.#box = box;
    const { host } = box;
    this.#floorMs = lifeFloorMs({ ...DEFAULT_POLICY, sleepAfterMs: 600_000 });
    const put = host.data.put.bind(host.data);
    host.data.put = (key, value) => {
      put(key, value);
      if (key === "__CF_CONTAINER_STATE") this.#onRecord();
    };
    const start = box.container.start.bind(box.container);
    box.container.start = (options) => {
      this.#onStart();
      start(options);
    };
  }

  /** To be called after each event. */
  check(): void {
    this.#box.report.steps += 1;
    this.#checkHooks();
    this.#checkApp();
    this.#checkAlarms();
    this.#checkBilling();
  }

  #onRecord(): void {
    const phase = this.#box.instance?.lifecycle.phase;
    if (phase === undefined) return;
    if (this.#phase !== phase.kind) {
      const move = `${this.#phase ?? "none"} → ${phase.kind}`;
      tally(this.#box.report.transitions, move);
      this.#box.host.note(move);
      this.#phase = phase.kind;
    }
    if ("retryAtMs" in phase) this.#retryAtMs = phase.retryAtMs;
    else if (phase.kind !== "starting") this.#retryAtMs = 0;
  }

  /** I1 and L9: no start beside a running container, and none before its gate is open. */
  #onStart(): void {
    const { container, world } = this.#box;
    if (container.running) this.#box.violate("I1", "start() while a container runs");
    if (world.nowMs < this.#retryAtMs) {
      this.#box.violate("L9", `start() ${this.#retryAtMs - world.nowMs} ms before its gate`);
    }
  }

  /** I4: onStart at most once a run. */
  #checkHooks(): void {
    const { hooks } = this.#box.host;
    for (; this.#hooks < hooks.length; this.#hooks += 1) {
      const call = hooks[this.#hooks];
      if (call?.hook === "onStart") this.#onStartHook();
      if (call?.hook === "onStop") this.#onStopHook(call.args[0] as StopRecord);
    }
  }

  #onStartHook(): void {
    const run = this.#box.instance?.lifecycle.phase.run ?? 0;
    const calls = (this.#startHooks.get(run) ?? 0) + 1;
    this.#startHooks.set(run, calls);
    const mayRepeat =
      (this.#box.report.faults["object is evicted with unconfirmed writes"] ?? 0) > 0;
    if (calls > 1 && !mayRepeat) this.#box.violate("I4", `onStart of run ${run} called again`);
  }

  #onStopHook(record: StopRecord): void {
    if (record.endedAtMs < record.startedAtMs) {
      this.#box.violate("I4", `run ${record.runId} ended before it began`);
    }
  }

  /** I5: no request of a client before the app said that it was ready. I10: no work done twice. */
  #checkApp(): void {
    const { app } = this.#box;
    if (app.early.length > this.#early) {
      this.#early = app.early.length;
      this.#box.violate("I5", `request ${app.early.at(-1)} reached an app that was not ready`);
    }
    for (const [id, times] of app.deliveries) {
      if (times > 1) this.#box.violate("I10", `request ${id} reached the app ${times} times`);
      if (times > 0) app.deliveries.delete(id);
      if (times === 1) this.#delivered.add(id);
    }
    for (const id of app.deliveries.keys()) {
      if (this.#delivered.has(id)) this.#box.violate("I10", `request ${id} reached the app again`);
    }
  }

  readonly #delivered = new Set<string>();

  /** I11: alarms never spin. */
  #checkAlarms(): void {
    const { host, world } = this.#box;
    if (host.counts.alarms === this.#alarms) return;
    this.#alarms = host.counts.alarms;
    this.#alarmTimes = this.#alarmTimes.filter((atMs) => atMs > world.nowMs - ALARM_WINDOW_MS);
    this.#alarmTimes.push(world.nowMs);
    if (this.#alarmTimes.length > MAX_ALARMS) {
      this.#box.violate("I11", `${this.#alarmTimes.length} alarms within ten seconds`);
    }
  }

  /** I7: a container that nobody wants ends. */
  #checkBilling(): void {
    const { container, world, demandedAtMs, instance } = this.#box;
    const heldUntilMs = Math.max(0, ...Object.values(instance?.holds ?? {}));
    const idleMs = world.nowMs - Math.max(demandedAtMs, heldUntilMs);
    const isLeaking = container.running && idleMs > this.#floorMs + SLACK_MS;
    if (isLeaking && !this.#isLeaking) {
      this.#box.violate("I7", `runs although nobody has wanted it for ${idleMs} ms`);
    }
    this.#isLeaking = isLeaking;
  }
}
