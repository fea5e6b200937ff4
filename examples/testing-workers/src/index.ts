import { Container, getContainer, http, sessionId, type StopParams } from "@berth/containers";

/** A container for each session, which tells a queue of ours how its runs ended. */
export class Session extends Container<Env> {
  override defaultPort = 4000;
  override sleepAfter = "5m";
  override ready = http("/healthz", { status: 200 });

  override onStop({ runId, cause, exitCode }: StopParams): void {
    console.log(`run ${runId} ended: ${cause}, exit code ${exitCode ?? "unknown"}`);
  }
}

export default {
  async fetch(request, env) {
    const session = await sessionId(request, { from: { header: "session-id" } });
    return getContainer(env.SESSION, session.id).fetch(request);
  },
} satisfies ExportedHandler<Env>;

interface Env {
  SESSION: DurableObjectNamespace<Session>;
}
