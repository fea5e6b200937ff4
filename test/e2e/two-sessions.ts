import { expect } from "vitest";

/** What two sessions, told by their cookie, header or body, are answered. */
export async function askTwo(
  url: string,
  initOf: (session: string) => RequestInit,
): Promise<readonly unknown[]> {
  const ask = async (session: string): Promise<unknown> =>
    (await fetch(url, initOf(session))).json();
  return [await ask("alice-1"), await ask("bob-1"), await ask("alice-1")];
}

function instanceOf(answer: unknown): unknown {
  const instance: unknown = Reflect.get(Object(answer), "instance");
  expect(instance).toMatch(/^[0-9a-f]{64}$/);
  return instance;
}

export function expectTwoInstances([alice, bob, aliceAgain]: readonly unknown[]): void {
  expect(instanceOf(alice)).not.toBe(instanceOf(bob));
  expect(instanceOf(aliceAgain)).toBe(instanceOf(alice));
}
