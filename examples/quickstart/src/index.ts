import { Container, getContainer, isContainerError, sessionId } from "@berth/containers";

/** One instance of the container for each session. */
export class Session extends Container<Env> {
  override defaultPort = 4000;
  override sleepAfter = "10m";
  override envVars = { INSTANCE_ID: this.ctx.id.toString() };
}

export default {
  async fetch(request, env) {
    try {
      const session = await sessionId(request, {
        from: [{ header: "session-id" }, { json: "session-id" }],
      });
      return await getContainer(env.SESSION, session.id).fetch(request);
    } catch (error) {
      if (!isContainerError(error, "INVALID_SESSION")) throw error;
      return new Response(`${error.message}\n`, { status: 400 });
    }
  },
} satisfies ExportedHandler<Env>;

interface Env {
  SESSION: DurableObjectNamespace<Session>;
}
