import { Container, getContainer } from "@berth/containers";

/** The container that CI builds. */
export class App extends Container<Env> {
  override defaultPort = 8080;
}

export default {
  fetch: (request, env) => getContainer(env.APP).fetch(request),
} satisfies ExportedHandler<Env>;

interface Env {
  APP: DurableObjectNamespace<App>;
}
