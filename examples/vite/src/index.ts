import { Container, getContainer, sessionId } from "@berth/containers";

/** One instance of the container for each visitor. */
export class Visitor extends Container<Env> {
  override defaultPort = 4000;
  override sleepAfter = "5m";
  override envVars = { INSTANCE_ID: this.ctx.id.toString() };
}

export default {
  async fetch(request, env) {
    const session = await sessionId(request, {
      from: { cookie: "visitor" },
      mint: { cookie: "visitor" },
    });
    return session.apply(await getContainer(env.VISITOR, session.id).fetch(request));
  },
} satisfies ExportedHandler<Env>;

interface Env {
  VISITOR: DurableObjectNamespace<Visitor>;
}
