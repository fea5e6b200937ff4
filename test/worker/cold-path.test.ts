import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { createBox } from "./box.ts";
import { onRig } from "./rig.ts";

describe("A cold start", () => {
  it("waits for nothing before start(): no storage, no timer, no probe", async () => {
    await onRig({}, async ({ container, admission }) => {
      const opened = admission.open([8080], {});
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve(); // microtasks only
      expect(container.starts).toHaveLength(1);
      await opened;
    });
  });

  it("has its record written when start() is called, so that no run is ever unknown", async () => {
    const seen: unknown[] = [];
    let storage: DurableObjectStorage | undefined;
    const box = createBox({
      container: {
        startError: () => {
          seen.push(storage?.kv.get("__CF_CONTAINER_STATE"));
          return undefined;
        },
      },
    });
    await runInDurableObject(box.stub, (_instance, state) => {
      storage = state.storage;
    });
    await (await box.get()).text();
    expect(seen).toMatchObject([
      { status: "running", berth: { lifecycle: { phase: { kind: "starting", run: 1 } } } },
    ]);
  });

  it("that the runtime refuses on the spot is a crash, and leaves no timer", async () => {
    await onRig({}, async ({ container, admission, supervisor, errors, clock }) => {
      container.start = () => {
        throw new Error("no such image");
      };
      await expect(admission.open([8080], {})).rejects.toThrow("[START_FAILED]");
      expect(supervisor.phase.kind).toBe("backoff");
      expect(container.inactivityTimeouts).toEqual([]);
      expect(errors).toEqual([]);
      await clock.advance(0);
      expect(clock.pending).toBe(0);
    });
  });

  it("takes over a container that runs already", async () => {
    await onRig({}, async ({ container, admission, supervisor }) => {
      container.start();
      await admission.open([8080], {});
      expect(container.starts).toHaveLength(1);
      expect(supervisor.phase.kind).toBe("ready");
    });
  });
});

describe("A hook that throws before it returns a promise", () => {
  it("is reported and stands in nobody's way", async () => {
    const onStart = (): Promise<void> => {
      throw new Error("at once");
    };
    await onRig({ onStart }, async ({ admission, errors, supervisor }) => {
      await admission.open([8080], {});
      expect(errors.map(String)).toEqual(["Error: at once"]);
      expect(supervisor.phase.kind).toBe("ready");
    });
  });
});
