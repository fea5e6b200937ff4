import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the stand-in hands out for its registry; {@link REGISTRY_HTPASSWD} knows it. */
export const REGISTRY_LOGIN = { username: "v1", password: "stand-in-password" } as const;
/** A line of a registry's htpasswd file for {@link REGISTRY_LOGIN}. */
export const REGISTRY_HTPASSWD =
  "v1:$2y$05$abcdefghijklmnopqrstuuvapgPPrO6fPXisPWmjD6WV6xNpfoq9u\n";
export const ACCOUNT_ID = "0123456789abcdef0123456789abcdef";
const API_TOKEN = "stand-in-token";

/** A container application, as far as wrangler reads it. */
export interface StandInApplication {
  readonly id: string;
  readonly name: string;
  configuration: Record<string, unknown>;
  readonly durable_objects?: unknown;
  readonly [field: string]: unknown;
}

/** A Worker version. */
export interface StandInVersion {
  readonly id: string;
  readonly createdOn: string;
  /** The form data of the upload. */
  readonly upload: string;
}

/** A part of Cloudflare's API, for wrangler: accounts, Workers, containers, registry login. */
export interface CloudflareApi extends AsyncDisposable {
  /** What wrangler needs to use it. */
  readonly env: Readonly<Record<string, string>>;
  readonly applications: StandInApplication[];
  readonly versions: StandInVersion[];
  /** "GET /path" of each request. */
  readonly requests: string[];
  /** Leaves the next request without an answer whose method and path match; resolves when it came. */
  readonly holdNext: (pattern: RegExp) => Promise<void>;
}

interface Call {
  readonly path: string;
  readonly body: string;
}

type Route = readonly [method: string, path: RegExp, answer: (call: Call) => unknown];

/** Starts it on the loopback interface. */
export async function startCloudflareApi(registryHost: string): Promise<CloudflareApi> {
  const state = {
    applications: [] as StandInApplication[],
    versions: [] as StandInVersion[],
    requests: [] as string[],
  };
  const routes = routesOf(state);
  let hold: { readonly pattern: RegExp; readonly came: () => void } | undefined;
  const server = createServer((request, response) => {
    if (hold?.pattern.test(`${request.method} ${request.url}`) === true) {
      hold.came();
      hold = undefined;
    } else void answer(request, response, { routes, requests: state.requests });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...state,
    holdNext: (pattern) => new Promise((came) => (hold = { pattern, came })),
    env: {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}`,
      CLOUDFLARE_API_TOKEN: API_TOKEN,
      CLOUDFLARE_ACCOUNT_ID: ACCOUNT_ID,
      CLOUDFLARE_CONTAINER_REGISTRY: registryHost,
      WRANGLER_SEND_METRICS: "false",
      CI: "1",
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, requests }: { readonly routes: readonly Route[]; readonly requests: string[] },
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const path = (request.url ?? "").split("?")[0] ?? "";
  requests.push(`${request.method} ${path}`);
  const isAllowed = request.headers.authorization === `Bearer ${API_TOKEN}`;
  const route = routes.find(([method, pattern]) => method === request.method && pattern.test(path));
  const body = Buffer.concat(chunks).toString();
  const result = isAllowed ? route?.[2]({ path, body }) : undefined;
  const code = isAllowed ? 10007 : 10000;
  const message = isAllowed ? `Not found: ${request.method} ${path}` : "Authentication error";
  response.writeHead(result === undefined ? (isAllowed ? 404 : 403) : 200, {
    "content-type": "application/json",
  });
  const errors = result === undefined ? [{ code, message }] : [];
  response.end(JSON.stringify({ success: errors.length === 0, errors, messages: [], result }));
}

function routesOf(state: {
  readonly applications: StandInApplication[];
  readonly versions: StandInVersion[];
}): readonly Route[] {
  return [
    ...accountRoutes(),
    ...workerRoutes(state.versions),
    ...containerRoutes(state.applications),
  ];
}

function accountRoutes(): readonly Route[] {
  const account = { id: ACCOUNT_ID, name: "Stand-in" };
  return [
    ["GET", /^\/user\/tokens\/verify$/, () => ({ id: "token", status: "active" })],
    ["GET", /^\/user$/, () => ({ email: "somebody@example.com" })],
    ["GET", /^\/accounts$/, () => [account]],
    ["GET", /^\/memberships$/, () => [{ id: "membership", account }]],
    [
      "POST",
      /\/containers\/registries\/[^/]+\/credentials$/,
      ({ path }) => ({
        ...REGISTRY_LOGIN,
        account_id: ACCOUNT_ID,
        registry_host: path.split("/").at(-2),
      }),
    ],
    [
      "GET",
      /\/containers\/me$/,
      () => ({
        external_account_id: ACCOUNT_ID,
        limits: {
          vcpu_per_deployment: 4,
          memory_mib_per_deployment: 12_288,
          disk_mb_per_deployment: 20_000,
        },
      }),
    ],
  ];
}

function workerRoutes(versions: StandInVersion[]): readonly Route[] {
  const upload = ({ body }: Call): unknown => {
    const id = randomUUID();
    versions.push({
      id,
      createdOn: new Date(Date.now() + versions.length).toISOString(),
      upload: body,
    });
    return { id: "app", etag: id, deployment_id: id.replaceAll("-", ""), startup_time_ms: 1 };
  };
  const orNothing = (make: () => unknown): unknown => (versions.length === 0 ? undefined : make());
  return [
    ["GET", /\/workers\/scripts\/[^/]+\/secrets$/, () => orNothing(() => [])],
    ["GET", /\/workers\/subdomain$/, () => ({ subdomain: "stand-in" })],
    ["PUT", /\/workers\/scripts\/[^/]+$/, upload],
    ["POST", /\/workers\/scripts\/[^/]+\/subdomain$/, () => ({ enabled: true })],
    [
      "GET",
      /\/workers\/scripts\/[^/]+\/subdomain$/,
      () => ({ enabled: true, previews_enabled: true }),
    ],
    ["GET", /\/workers\/workers\/[^/]+$/, () => ({ subdomain: { enabled: true } })],
    ["GET", /\/workers\/services\/[^/]+$/, () => orNothing(serviceOf)],
    [
      "GET",
      /\/workers\/scripts\/[^/]+\/versions$/,
      () => orNothing(() => ({ items: versions.map(toVersion) })),
    ],
    [
      "GET",
      /\/workers\/scripts\/[^/]+\/versions\/[^/]+$/,
      ({ path }) => {
        const version = versions.find(({ id }) => path.endsWith(id));
        return version && toVersion(version);
      },
    ],
    [
      "GET",
      /\/workers\/scripts\/[^/]+\/deployments$/,
      () => orNothing(() => ({ deployments: versions.toReversed().map(toDeployment) })),
    ],
  ];
}

function serviceOf(): unknown {
  return {
    default_environment: {
      environment: "production",
      script: { tag: "tag", tags: [], last_deployed_from: "wrangler" },
    },
  };
}

function toVersion({ id, createdOn }: StandInVersion): unknown {
  const binding = {
    type: "durable_object_namespace",
    name: "APP",
    class_name: "App",
    namespace_id: "namespace-of-App",
  };
  return {
    id,
    metadata: { created_on: createdOn, author_email: "somebody@example.com", source: "wrangler" },
    resources: { bindings: [binding], script: {}, script_runtime: {} },
  };
}

function toDeployment({ id, createdOn }: StandInVersion): unknown {
  return {
    id: randomUUID(),
    created_on: createdOn,
    source: "wrangler",
    strategy: "percentage",
    versions: [{ version_id: id, percentage: 100 }],
  };
}

function containerRoutes(applications: StandInApplication[]): readonly Route[] {
  const find = (path: string): StandInApplication | undefined =>
    applications.find(({ id }) => path.split("/").includes(id));
  const change = ({ path, body }: Call): unknown => {
    const application = find(path);
    if (application === undefined) return undefined;
    const { configuration, target_configuration: target } = JSON.parse(body);
    Object.assign(application.configuration, configuration, target);
    return application;
  };
  return [
    ["GET", /\/containers\/applications$/, () => applications],
    ["GET", /\/containers\/applications\/[^/]+$/, ({ path }) => find(path)],
    ["PATCH", /\/containers\/applications\/[^/]+$/, change],
    ["POST", /\/containers\/applications\/[^/]+\/rollouts$/, change],
    ["GET", /\/containers\/dash\/applications$/, () => applications.map(toListed)],
    [
      "POST",
      /\/containers\/applications$/,
      ({ body }) => {
        const application = { ...JSON.parse(body), id: randomUUID() };
        applications.push(application);
        return application;
      },
    ],
  ];
}

function toListed({ id, name, configuration }: StandInApplication): unknown {
  const instances = { active: 0, failed: 0, healthy: 0, scheduling: 0, starting: 0 };
  return {
    ...{ id, name, instances: 0, version: 1 },
    image: configuration["image"],
    health: { instances },
  };
}
