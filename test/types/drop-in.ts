// A user of @cloudflare/containers 0.3.7 changes one word: checked by tsc alone, never run.
import * as berth from "../../src/index.ts";
import type * as peer from "@cloudflare/containers";

type Missing = Exclude<keyof typeof peer, keyof typeof berth>;

const missing: Record<Missing, never> = {};
void missing;

/** As a class of the peer's README is written. */
export class MyContainer extends berth.Container {
  override defaultPort = 8080;
  override requiredPorts = [8080, 9222];
  override sleepAfter = "10m";
  override envVars = { NODE_ENV: "production" };
  override entrypoint = ["node", "server.js"];
  override enableInternet = false;
  override labels = { tenant: "acme" };
  override pingEndpoint = "container/health";

  override onStart(): void {}

  override onStop({ exitCode, reason }: berth.StopParams): void {
    console.log(exitCode, reason);
  }

  override onError(error: unknown): unknown {
    throw error;
  }

  override async onActivityExpired(): Promise<void> {
    await this.destroy();
  }

  async report(payload: string, schedule: berth.Schedule): Promise<berth.State> {
    await this.schedule(60, "report", payload);
    this.deleteSchedules(schedule.callback);
    this.renewActivityTimeout();
    return await this.getState();
  }
}

/** As a Worker of the peer's README is written. */
export async function route(
  request: Request,
  binding: DurableObjectNamespace<MyContainer>,
): Promise<Response> {
  const random = await berth.getRandom(binding, 5);
  await random.startAndWaitForPorts({
    ports: [8080],
    startOptions: { envVars: { A: "1" } },
    cancellationOptions: { portReadyTimeoutMS: 5_000, instanceGetTimeoutMS: 5_000 },
  });
  await random.stop("SIGTERM");
  // @ts-expect-error a port is a number
  berth.switchPort(request, "9000");
  return await berth.getContainer(binding).fetch(berth.switchPort(request, 9_000));
}

/** The peer's types that the class above does not need. */
export type PeerTypes = [
  berth.ContainerOptions,
  berth.ContainerEventHandler,
  berth.ContainerMessage,
  berth.ContainerStartConfigOptions,
  berth.WaitOptions,
];
