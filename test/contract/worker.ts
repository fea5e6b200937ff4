import { cases } from "./cases.ts";
import { createClient, type ProbeStub } from "./create-client.ts";

export { OutboundProbe } from "./outbound-probe.ts";
export { ProbeObject } from "./probe-object.ts";

interface Env {
  readonly PROBE: { getByName(name: string): ProbeStub };
}

/** Runs one phase of one case, in the place of a Worker. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { title, phase } = await request.json<{ title: string; phase: number }>();
    const run = cases.find((each) => each.title === title)?.phases[phase];
    if (run === undefined) return new Response(`No phase ${phase} of ${title}`, { status: 404 });
    try {
      return Response.json(await run(createClient(() => env.PROBE.getByName(title), title)));
    } catch (error) {
      return new Response(String(error instanceof Error ? error.stack : error), { status: 500 });
    }
  },
};
