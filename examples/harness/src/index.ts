import { Container, getContainer, sessionId } from "@berth/containers";

/** One instance of the container for each session. */
export class Session extends Container<Env> {
  override defaultPort = 4000;
  override envVars = { INSTANCE_ID: this.ctx.id.toString() };
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
