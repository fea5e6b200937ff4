import type { Probe } from "./contract-case.ts";

/** The port that the app listens to. */
export const APP_PORT = 8080;
/** A port that it listens to only when told. */
export const OTHER_PORT = 9000;
/** A program that listens to no port. */
export const NO_LISTENER = { enableInternet: false, entrypoint: ["sleep", "100"] };

const DEADLINE_MS = 30_000;
const PAUSE_MS = 20;

/** Starts the app and waits until it answers. */
export async function startApp(
  probe: Probe,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  probe.container.start({ enableInternet: false, env });
  await untilAnswering(probe);
}

/** Waits until the app answers, or can't any more. */
export async function untilAnswering(probe: Probe): Promise<void> {
  const deadlineMs = Date.now() + DEADLINE_MS;
  for (;;) {
    try {
      await ask(probe, "/");
      return;
    } catch (error) {
      if (Date.now() > deadlineMs || !probe.container.running) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/** Asks the app, and reads its answer. */
export async function ask(
  probe: Probe,
  path: string,
  init?: RequestInit,
  port = APP_PORT,
): Promise<string> {
  const response = await probe.container.getTcpPort(port).fetch(`http://app${path}`, init);
  return await response.text();
}

/** Lets time pass. */
export function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
