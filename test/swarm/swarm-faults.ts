import type { SwarmBox } from "./swarm-box.ts";

/** One way in which things go wrong. What it returns makes it good again. */
export type Fault = (box: SwarmBox) => (() => void) | void;

const whileRunning =
  (fault: (box: SwarmBox) => void): Fault =>
  (box) => {
    if (box.container.running) fault(box);
  };

/** Everything that can go wrong, by name. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  "app crashes": whileRunning((box) => box.container.crash({ exitCode: box.integer(1, 255) })),
  "app runs out of memory": whileRunning((box) => box.container.crash({ isOutOfMemory: true })),
  "app exits with 0": whileRunning((box) => box.container.exit()),
  "runtime loses the container": whileRunning((box) => box.container.forget()),
  "rollout ends the container": whileRunning((box) => box.container.rollout()),
  "app hangs": (box) => {
    if (!box.container.running) return;
    const start = box.container.starts.length;
    box.container.wedge();
    return () => {
      const isSame = box.container.running && box.container.starts.length === start;
      if (isSame) box.container.crash({ exitCode: 1 });
    };
  },
  "app closes its port": (box) => {
    if (!box.container.running) return;
    box.container.setPortOpen(8080, false);
    return () => box.openPort();
  },
  "port flaps": (box) => {
    for (let turn = 0; turn < 6; turn += 1) {
      box.later(turn * 1_000, () => box.container.setPortOpen(8080, turn % 2 === 1));
    }
    return () => box.openPort();
  },
  "app ignores SIGTERM": whileRunning((box) => box.container.ignoreSigterm()),
  "app crashes at each boot": (box) => box.during(20_000, "crashingBoot"),
  "app crashes for minutes": (box) => {
    let isHealed = false;
    for (let turn = 0; turn < 14; turn += 1) {
      box.later(turn * 12_000, () => {
        if (isHealed) return;
        if (box.container.running) box.container.crash({ exitCode: 1 });
        void box.stub
          .fetch("/", { headers: { "x-id": `crash${box.integer(0, 1e9)}` } })
          .then((response) => response.text())
          .catch(() => {}); // refused, or broken off
      });
    }
    const heal = box.during(180_000, "crashingBoot");
    return () => {
      heal();
      isHealed = true;
    };
  },
  "port never opens": (box) => {
    const heal = box.during(30_000, "deadBoot");
    return () => {
      heal();
      box.openPort();
    };
  },
  "boots are slow": (box) => box.during(120_000, "slowBoot"),
  "platform is full": (box) => box.during(box.integer(1_000, 40_000), "full"),
  "platform limits starts": (box) => box.during(10_000, "rateLimited"),
  "image fails to start": (box) => box.during(5_000, "brokenImage"),
  "object is evicted": (box) => box.evict(),
  "object is evicted with unconfirmed writes": (box) => box.evictWithLoss(),
  "object is reset by a deploy": (box) => box.deploy(),
  "storage fails": (box) => {
    box.host.data.disk.failures = box.integer(1, 3);
    return () => void (box.host.data.disk.failures = 0);
  },
  "storage is slow": (box) => {
    box.host.data.disk.writeMs = box.integer(100, 3_000);
    const heal = (): void => void (box.host.data.disk.writeMs = 0);
    box.later(30_000, heal);
    return heal;
  },
  "alarm is late": (box) => {
    box.host.alarm.inject({ kind: "delayed", delayMs: box.integer(1_000, 600_000) });
    return () => box.host.alarm.heal();
  },
  "alarm is lost": (box) => {
    box.host.alarm.inject({ kind: "lost" });
    return () => box.host.alarm.heal();
  },
  "alarm comes twice": (box) => {
    box.host.alarm.inject({ kind: "twice" });
    return () => box.host.alarm.heal();
  },
  "stub call is lost": (box) => {
    box.stub.inject("drop");
    return () => box.stub.heal();
  },
  "object is overloaded": (box) => {
    box.stub.inject("overloaded");
    return () => box.stub.heal();
  },
  "onStart throws": (box) => box.during(10_000, "throwingStart"),
  "onStop throws": (box) => box.during(20_000, "throwingStop"),
  "onActivityExpired throws": (box) => box.during(600_000, "throwingExpiry"),
  "destroy() fails": (box) => box.during(20_000, "deafDestroy"),
};
