import { describe, expect, it } from "vitest";
import { FakeContainer } from "../../src/testing/fake-container.ts";
import { ExitWatch, type Ending } from "../../src/worker/exit-watch.ts";

function watchOf(container: FakeContainer): { watch: ExitWatch; endings: Ending[] } {
  const endings: Ending[] = [];
  const listener = {
    onEnding: (ending: Ending): void => void endings.push(ending),
    report: (): void => {},
  };
  return { watch: new ExitWatch(container, listener), endings };
}

describe("ExitWatch", () => {
  it("asks the runtime once a run, however many want to know", async () => {
    const container = new FakeContainer();
    container.start();
    const { watch, endings } = watchOf(container);
    const told = Promise.all([watch.watch(1), watch.watch(1), watch.watch(1)]);
    container.crash({ exitCode: 3 });
    await told;
    expect(container.monitors).toBe(1);
    expect(endings).toMatchObject([
      { kind: "exited", run: 1, exit: { exitCode: 3, cause: "exit" } },
    ]);
  });

  it("tells a refused start from an exit", async () => {
    const container = new FakeContainer({
      startError: () => new Error("Maximum number of running container instances exceeded"),
    });
    container.start();
    const { watch, endings } = watchOf(container);
    await watch.watch(1);
    expect(endings).toMatchObject([{ kind: "start-refused", run: 1 }]);
  });

  it("keeps the last run's ending when an older one is told late", async () => {
    const container = new FakeContainer();
    container.start();
    const { watch, endings } = watchOf(container);
    const old = watch.watch(1);
    watch.refuse(2, new Error("no such image"));
    container.exit();
    await old;
    expect(endings.map(({ run }) => run)).toEqual([2, 1]);
    expect(watch.last?.run).toBe(2);
  });

  it("takes a start() that finds a running container for no refusal", () => {
    const { watch, endings } = watchOf(new FakeContainer());
    watch.refuse(1, new Error("start() cannot be called on a container that is already running."));
    expect(endings).toEqual([]);
  });

  it("asks again after a container that only looked gone", async () => {
    const container = new FakeContainer();
    const { watch, endings } = watchOf(container);
    const early = watch.watch(1); // the runtime says that nothing runs …
    container.start(); // … and then it does
    await early;
    expect(endings).toEqual([]);
    const late = watch.watch(1);
    container.exit();
    await late;
    expect(endings).toMatchObject([{ kind: "exited", exit: { exitCode: 0 } }]);
  });
});
