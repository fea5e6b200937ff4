import fc from "fast-check";
import {
  ModelledInstance,
  type App,
  type Character,
  type ModelledMoment,
  type Move,
} from "./modelled-instance.ts";
import { ANY_POLICY } from "./random-history.ts";

const DAY_MS = 86_400_000;
/** Two hours before a midnight of UTC, so that many a history crosses it. */
const BEGIN_MS = 20_000 * DAY_MS - 7_200_000;

/** A history of the model, and the instance as it was at its end. */
export interface ModelledHistory {
  readonly character: Character;
  readonly moments: readonly ModelledMoment[];
  readonly alarmsAtMs: readonly number[];
  /** The model, which can go on. */
  readonly model: ModelledInstance;
}

const APP = fc.record({
  bootMs: fc.constantFrom(50, 2_000, 90_000, Infinity),
  obeyMs: fc.constantFrom(20, 5_000, 50_000, Infinity),
  lifeMs: fc.constantFrom(20, 3_000, 100_000, Infinity, Infinity, Infinity),
  exit: fc.constantFrom(
    { exitCode: 1, cause: "exit" },
    { exitCode: 1, cause: "exit" },
    { exitCode: 0, cause: "exit" },
    { exitCode: 137, cause: "oom" },
    { exitCode: 143, cause: "signal" },
  ),
});

const MOVE: fc.Arbitrary<Move> = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant("request") },
    {
      weight: 8,
      arbitrary: fc.constantFrom(
        "stop",
        "kill",
        "destroy",
        "crash",
        "platform-end",
        "wedge",
        "evict",
        "wait",
      ),
    },
  ),
  waitMs: fc.constantFrom(0, 10, 100, 1_500, 9_000, 61_000, 400_000, 1_900_000),
});

/** An app that crashes soon after each start, and what lets it do so over and over. */
export const CRASHING = {
  app: fc.record({
    bootMs: fc.constantFrom(50, 2_000),
    obeyMs: fc.constant(20),
    lifeMs: fc.constantFrom(20, 60, 3_000),
    exit: fc.constant({ exitCode: 1, cause: "exit" } as const),
  }),
  moves: fc.record({
    kind: fc.constantFrom(...Array<"request">(12).fill("request"), "wedge", "stop", "evict"),
    waitMs: fc.constantFrom(100, 3_100, 9_000, 61_000, 75_000),
  }),
};

/** Histories of the model with one kind of fortune. */
export function modelledHistory(
  fortune: Character["fortune"],
  { app = APP, moves = MOVE }: { app?: fc.Arbitrary<App>; moves?: fc.Arbitrary<Move> } = {},
): fc.Arbitrary<ModelledHistory> {
  const CHARACTER = fc.record({
    policy: ANY_POLICY,
    app,
    fortune: fc.constant(fortune),
    seed: fc.nat(),
  });
  return fc
    .tuple(CHARACTER, fc.array(moves, { minLength: 1, maxLength: 60, size: "max" }))
    .map(([character, all]) => {
      const model = new ModelledInstance(character, BEGIN_MS);
      for (const move of all) model.play(move);
      const { alarmsAtMs } = model;
      const shown = { [fc.toStringMethod]: () => fc.stringify([character, all]) };
      const moments = Object.assign(model.moments, shown);
      return { character, moments, alarmsAtMs, model, ...shown };
    });
}
