/** One endpoint. `:name` in the pattern takes one path segment, `*name` one or more. */
export interface Route<Handler> {
  /** The HTTP method, upper case. */
  readonly method: string;
  /** The path without the API version. */
  readonly pattern: string;
  /** What answers it. */
  readonly handler: Handler;
}

/** What a path leads to. */
export type RouteMatch<Handler> =
  | {
      readonly kind: "found";
      readonly handler: Handler;
      readonly params: Readonly<Record<string, string>>;
    }
  | { readonly kind: "no-such-path" }
  | { readonly kind: "no-such-method"; readonly allowed: readonly string[] }
  | { readonly kind: "bad-encoding" };

/** Finds the route of a request. */
export type RouteMatcher<Handler> = (method: string, path: string) => RouteMatch<Handler>;

/**
 * Makes a matcher of a route table. Earlier routes win. A leading `/v1.NN` is ignored: workerd
 * sends none, the Docker CLI and libraries do.
 *
 * @param routes the table
 * @returns a pure function of method and path
 */
export function createRouter<Handler>(routes: readonly Route<Handler>[]): RouteMatcher<Handler> {
  const compiled = routes.map((route) => ({
    route,
    regExp: toRegExp(route.pattern),
  }));
  return (method, path) => {
    const plainPath = path.replace(/^\/v\d+\.\d+(?=\/)/, "");
    const allowed: string[] = [];
    for (const { route, regExp } of compiled) {
      const match = regExp.exec(plainPath);
      if (match === null) continue;
      if (route.method === method) return toFound(route.handler, match.groups ?? {});
      allowed.push(route.method);
    }
    return allowed.length > 0 ? { kind: "no-such-method", allowed } : { kind: "no-such-path" };
  };
}

function toRegExp(pattern: string): RegExp {
  const source = pattern
    .split("/")
    .map((segment) => {
      if (segment.startsWith(":")) return `(?<${segment.slice(1)}>[^/]+)`;
      if (segment.startsWith("*")) return `(?<${segment.slice(1)}>.+)`;
      return segment.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    })
    .join("/");
  return new RegExp(`^${source}$`);
}

function toFound<Handler>(
  handler: Handler,
  groups: Readonly<Record<string, string>>,
): RouteMatch<Handler> {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(groups)) {
    try {
      params[name] = decodeURIComponent(value);
    } catch {
      return { kind: "bad-encoding" }; // the only thing decodeURIComponent throws for
    }
  }
  return { kind: "found", handler, params };
}
