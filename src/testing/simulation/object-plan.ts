import type { FakeContainer } from "../fake-container.ts";

/** A class of Durable Objects. */
export type ObjectClass<Instance extends object = object> = new (
  ...args: readonly never[]
) => Instance;

/** What a simulated object is made of. */
export interface ObjectPlan {
  readonly objectClass: ObjectClass;
  readonly container: FakeContainer;
  readonly env: object;
  readonly id: { toString(): string };
  readonly name: string;
  readonly exports?: object;
  /** The state of a real object in workerd; undefined in Node. */
  readonly ctx: object | undefined;
}
