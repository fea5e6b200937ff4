// What TypeScript knows of a user's classes: checked by tsc alone, never run.
import {
  Container,
  ContainerProxy,
  errorCode,
  getContainer,
  isContainerError,
  outboundParams,
  type ContainerErrorCode,
  type EgressPolicy,
  type OutboundHandler,
  type OutboundHandlerContext,
  type StopParams,
} from "../../src/index.ts";

export { ContainerProxy };

interface Env {
  readonly KV: KVNamespace;
  readonly AGENT: DurableObjectNamespace<Agent>;
}

interface Props {
  readonly tenant: string;
}

/** Whether two types are one. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const isTrue = <T extends true>(): T | undefined => undefined;

const route = (
  _request: Request,
  env: Env,
  ctx: OutboundHandlerContext<{ readonly bucket: string }>,
): Response => new Response(`${ctx.params.bucket} ${String(env.KV)} ${ctx.containerId}`);

const plain: OutboundHandler<Env> = async (request, env) =>
  new Response(await env.KV.get(request.url));

export class Agent extends Container<Env, Props> {
  override defaultPort = 8080;
  override egress = { default: "deny", rules: [{ allow: ["*.example.com"] }] } as const;

  static override outbound = plain;
  static override outboundByHost = { "kv.internal": plain };
  static override outboundHandlers = { route };

  override onStart(): void {
    isTrue<Same<typeof this.env, Env>>();
    isTrue<Same<typeof this.ctx.props, Props>>();
  }

  override onStop({ exitCode, cause, runId }: StopParams): void {
    isTrue<Same<typeof exitCode, number | null>>();
    isTrue<Same<typeof runId, number>>();
    // @ts-expect-error no run ends so
    console.log(cause === "bored");
  }

  /** A method of its own, for the stub. */
  async greet(name: string): Promise<number> {
    await this.setOutboundHandler("route", outboundParams(route, { bucket: "b" }));
    // @ts-expect-error the handler takes a bucket
    outboundParams(route, { basket: "b" });
    return name.length;
  }
}

// @ts-expect-error a rule has either allow or deny
const both: EgressPolicy = { default: "deny", rules: [{ allow: "a", deny: "b" }] };
void both;

/** The class without type arguments has the environment of the Worker. */
export class Plain extends Container {
  override onStart(): void {
    isTrue<Same<typeof this.env, Cloudflare.Env>>();
  }
}

/** What runs in the container, over a stub. */
export async function work(env: Env): Promise<string> {
  const stub = getContainer(env.AGENT, "a");
  const { exitCode, stdout, isTruncated } = await stub.exec(["git", "log"], { timeout: "30s" });
  isTrue<Same<typeof exitCode, number | null>>();
  isTrue<Same<typeof isTruncated, boolean>>();
  const result = await stub.run(["make"], { retries: 1, idempotencyKey: "k" });
  isTrue<Same<typeof result.stdoutTail, string | null>>();
  const metrics = await stub.metrics();
  isTrue<Same<(typeof metrics & object)["memoryUsedBytes"], number | undefined>>();
  // @ts-expect-error a command is an array
  await stub.exec("git log");
  // @ts-expect-error no option of that name
  await stub.exec(["git"], { timeoutMs: 30 });
  // @ts-expect-error no size of that name
  await stub.start({ instance: "huge" });
  return `${stdout}`;
}

export async function call(env: Env): Promise<ContainerErrorCode | undefined> {
  const stub = getContainer(env.AGENT, "a", { locationHint: "weur" });
  isTrue<Same<Awaited<ReturnType<typeof stub.greet>>, number>>();
  const { status } = await stub.getState();
  // @ts-expect-error no state of that name
  if (status === "sleeping") return undefined;
  // @ts-expect-error a name is a string
  await stub.greet(7);
  // @ts-expect-error no method of that name
  await stub.leave();
  // @ts-expect-error a hint is one of the platform's
  getContainer(env.AGENT, "a", { locationHint: "moon" });
  try {
    await stub.start();
  } catch (error) {
    if (isContainerError(error, "MAX_INSTANCES")) return "MAX_INSTANCES";
    // @ts-expect-error no code of that name
    if (isContainerError(error, "TOO_MANY")) return undefined;
    return errorCode(error);
  }
  return undefined;
}
