/** What an outbound handler is told beside the request. */
export type OutboundHandlerContext<Params = unknown> = {
  /** Id of the Durable Object whose container sent the request, in hex. */
  containerId: string;
  /** Name of its class. */
  className: string;
} & ParamsField<Params>;

/** `params` as far as a handler takes any. */
type ParamsField<Params> = [Params] extends [undefined]
  ? { params?: undefined }
  : undefined extends Params
    ? { params?: Params }
    : { params: Params };

/**
 * Answers a request of a container in place of its destination, or sends it on by `fetch(request)`.
 * Runs outside of the Durable Object, with the Worker's own `env`.
 */
export type OutboundHandler<Env = Cloudflare.Env, Params = unknown> = {
  // As a method, so that a handler of a narrower `env` or narrower params fits.
  bivarianceHack(
    request: Request,
    env: Env,
    ctx: OutboundHandlerContext<Params>,
  ): Promise<Response> | Response;
}["bivarianceHack"];

/** A handler of whatever environment: the statics of a class do not know the class's own. */
export type AnyOutboundHandler = OutboundHandler | OutboundHandler<never>;

/** The params of named handlers, by the handlers' names. */
export type OutboundHandlerParams = Record<string, unknown>;

/** The params that a handler takes. */
export type OutboundHandlerParamsOf<Handler> = Handler extends (
  request: Request,
  env: never,
  ctx: OutboundHandlerContext<infer Params>,
) => Promise<Response> | Response
  ? Params
  : never;

/** Named handlers, each with its params. */
export type OutboundHandlers<Params extends OutboundHandlerParams, Env = Cloudflare.Env> = {
  [Name in keyof Params]?: OutboundHandler<Env, Params[Name]>;
};

/** The arguments of a setter that takes params: none where the handler takes none. */
export type OutboundParamsArgument<Params> = [Params] extends [undefined]
  ? []
  : undefined extends Params
    ? [params?: Params]
    : [params: Params];

/** A named handler and its params. */
export type OutboundOverride<Params = unknown> = { method: string } & ParamsField<Params>;

/** What a container's request met: given to `static onEgress`. */
export interface EgressEvent {
  /** Id of the Durable Object, in hex. */
  readonly containerId: string;
  /** Name of its class. */
  readonly className: string;
  readonly method: string;
  readonly scheme: "http" | "https";
  /** In lower case, without dots at the end. */
  readonly host: string;
  readonly port: number;
  /**
   * `handled` by a handler, let out to the `internet`, `refused`, or `failed`: its handler threw or
   * its destination could not be reached.
   */
  readonly outcome: "handled" | "internet" | "refused" | "failed";
  /** Why it was refused. */
  readonly reason?: "denied-host" | "not-allowed" | "policy" | "no-internet";
  /** What was thrown, when it failed. */
  readonly error?: unknown;
  /** How many events of the same host and outcome were left out since the last one that was told. */
  readonly suppressed: number;
}

/**
 * Checks the params of a named handler and returns them as they are.
 *
 * @param handler the handler that they are for; only its type is read
 * @param params what it takes
 */
export function outboundParams<Handler extends OutboundHandler<unknown, unknown>>(
  _handler: Handler,
  params: OutboundHandlerParamsOf<Handler>,
): OutboundHandlerParamsOf<Handler> {
  return params;
}
