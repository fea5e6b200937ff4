import { runInDurableObject } from "cloudflare:test";
import { DEFAULT_POLICY, type Policy } from "../../src/core/lifecycle/policy.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { FakeContainer, type FakeContainerOptions } from "../../src/testing/fake-container.ts";
import { Admission } from "../../src/worker/admission.ts";
import { SnapshotChoice } from "../../src/worker/snapshots/snapshot-choice.ts";
import { SnapshotStore } from "../../src/worker/snapshots/snapshot-store.ts";
import { StartPlanner } from "../../src/worker/start-planner.ts";
import { Supervisor } from "../../src/worker/supervisor.ts";
import { createBox } from "./box.ts";

/** The machinery of one instance on a clock that tests move, in the storage of a real object. */
export interface Rig {
  readonly clock: FakeClock;
  readonly container: FakeContainer;
  readonly supervisor: Supervisor;
  readonly admission: Admission;
  readonly hooks: string[];
  readonly errors: unknown[];
}

/** How a rig behaves. */
export interface RigPlan {
  readonly container?: FakeContainerOptions;
  readonly policy?: Partial<Policy>;
  readonly onStart?: () => Promise<void>;
}

/** Runs `work` on a rig of its own. */
export async function onRig(plan: RigPlan, work: (rig: Rig) => Promise<void>): Promise<void> {
  const { stub } = createBox();
  await runInDurableObject(stub, async (_instance, state) => {
    const clock = new FakeClock(Date.UTC(2100, 0, 1)); // no alarm of it is ever due
    const container = new FakeContainer({ ...plan.container, clock });
    const hooks: string[] = [];
    const errors: unknown[] = [];
    const platform = {
      runtime: container,
      clock,
      environment: { isReady: () => true, prepare: async () => {} },
      storage: state.storage,
      random: () => 0.5,
      keepAlive: () => {},
      startSteps: [],
    };
    const policy = { ...DEFAULT_POLICY, ...plan.policy };
    const note = (hook: string) => async (): Promise<void> => void hooks.push(hook);
    const host = {
      settings: { policy: () => policy, startOptions: () => ({ enableInternet: true }) },
      object: {
        onStart: () => {
          hooks.push("start");
          return plan.onStart?.();
        },
        onStop: note("stop"),
        onActivityExpired: note("expired"),
        onAlarm: note("alarm"),
        onBeforeSnapshot: note("before snapshot"),
      },
      report: (error: unknown) => void errors.push(error),
    };
    const tasks = { nextDueAtMs: () => undefined };
    const closeSockets = (code: number): void => void hooks.push(`close ${code}`);
    const supervisor = new Supervisor({
      platform,
      host,
      tasks,
      closeSockets,
      onEnded: () => {},
      onBusy: () => {},
      onIdle: () => {},
      onReconciled: () => {},
      isOutdated: () => false,
      unpack: async () => {},
      save: async () => {},
    });
    const target = { pingEndpoint: "ping", defaultPort: 8080 };
    const starts = { current: undefined };
    const store = new SnapshotStore(state.storage);
    const snapshots = new SnapshotChoice({ store, clock, report: host.report });
    const { id } = state;
    const planner = new StartPlanner({ fields: {}, starts, runtime: container, id, snapshots });
    const arrival = { of: () => undefined, isLost: () => false };
    const admission = new Admission({ platform, supervisor, target, planner, arrival });
    supervisor.construct();
    await work({ clock, container, supervisor, admission, hooks, errors });
  });
}
