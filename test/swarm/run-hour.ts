import type { HourReport } from "./hour-report.ts";
import { Safety } from "./safety.ts";
import { SwarmBox } from "./swarm-box.ts";
import { letClientCome } from "./swarm-clients.ts";
import { FAULTS } from "./swarm-faults.ts";

const HOUR_MS = 3_600_000;

/** At least so much happens in each hour. */
const MIN_REQUESTS = 200;
const MIN_FAULTS = 20;

/** Clients that are under way when the faults are healed have so much time left. */
const LAST_PATIENCE_MS = 15_000;

/** How an hour is run. */
export interface HourOptions {
  /** Given each line of the trace. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs one hour: clients and faults by lot, safety after each event; then everything is healed,
 * and within 30 s nothing may be under way any more and the instance must serve again.
 */
export async function runHour(seed: number, options: HourOptions = {}): Promise<HourReport> {
  const box = new SwarmBox(seed, options.onLine);
  const { world, report } = box;
  const safety = new Safety(box);
  world.afterEach(() => safety.check());
  report.hours = 1;
  const tasks = planClients(box);
  const heals = planFaults(box);
  try {
    await world.advance(HOUR_MS / 1_000);
    for (const heal of heals) heal();
    box.later(LAST_PATIENCE_MS, () => box.endPatience());
    await world.advance(30);
    await demandQuiescence(box, tasks);
  } finally {
    world.close();
  }
  return report;
}

/** Bursts and lulls, and a task of the schedule now and then. */
function planClients(box: SwarmBox): readonly string[] {
  const tasks: string[] = [];
  let id = 0;
  while (id < MIN_REQUESTS) {
    const atMs = box.integer(0, HOUR_MS - 1);
    for (let burst = box.random() < 0.2 ? box.integer(2, 20) : 1; burst > 0; burst -= 1) {
      id += 1;
      const name = `c${id}`;
      box.later(atMs + box.integer(0, 500), () => void letClientCome(box, name));
    }
  }
  for (let task = 0; task < 5; task += 1) {
    const name = `t${task}`;
    tasks.push(name);
    box.later(box.integer(0, HOUR_MS / 2), () => void plan(box, name));
  }
  return tasks;
}

async function plan(box: SwarmBox, name: string): Promise<void> {
  try {
    await box.stub.call("schedule", [box.integer(1, 1_200), "task", name]);
  } catch {
    box.ran.add(name); // it was refused, and whoever asked knows it
  }
}

/** A subset of the faults, as a swarm has it. */
function planFaults(box: SwarmBox): readonly (() => void)[] {
  const heals: (() => void)[] = [];
  const names = Object.keys(FAULTS).filter(() => box.random() < 0.5);
  const chosen = names.length > 0 ? names : Object.keys(FAULTS);
  const count = MIN_FAULTS + box.integer(0, 20);
  for (let index = 0; index < count; index += 1) {
    const name = chosen[index % chosen.length] ?? "app crashes";
    box.later(box.integer(0, HOUR_MS - 1), () => {
      box.countFault(name);
      const heal = FAULTS[name]?.(box);
      if (heal !== undefined) heals.push(heal);
    });
  }
  return heals;
}

async function demandQuiescence(box: SwarmBox, tasks: readonly string[]): Promise<void> {
  const { world, host, container } = box;
  const faults = Object.values(box.report.faults).reduce((sum, count) => sum + count, 0);
  if (box.report.requests < MIN_REQUESTS || faults < MIN_FAULTS) {
    box.violate("substance", `only ${box.report.requests} requests and ${faults} faults`);
  }
  for (const error of world.errors) box.violate("uncaught", String(error));
  if (box.demands.length > 0) box.violate("I9", `never answered: ${box.demands.join(", ")}`);
  await serveAgain(box);
  await world.advance("5s");
  const phase = box.instance?.lifecycle.phase;
  const isLive = phase !== undefined && "startedAtMs" in phase;
  if (isLive !== container.running) {
    box.violate("reconciled", `${phase?.kind} although running is ${container.running}`);
  }
  const missing = tasks.filter((name) => !box.ran.has(name));
  if (missing.length > 0) box.violate("I16", `tasks ${missing.join(", ")} did not run`);
  await world.advance("40m");
  if (container.running) box.violate("I7", "the container runs 40 minutes after the last request");
  if (host.alarm.atMs !== null) box.violate("I11", "an alarm is set although nothing is owed");
}

/** The next request is served; where a pause after crashes is on, it is after as long as it says. */
async function serveAgain(box: SwarmBox): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const response = await box.world.run(() =>
      box.stub.fetch("/", { headers: { "x-id": `last${attempt}` } }),
    );
    await response.text();
    if (response.status === 200) return;
    const retryAfter = Number(response.headers.get("retry-after"));
    if (response.status !== 503 || !(retryAfter > 0)) {
      return box.violate("liveness", `status ${response.status} without Retry-After`);
    }
    await box.world.advance(retryAfter);
  }
  box.violate("liveness", "no 200 after three times the Retry-After that was told");
}
