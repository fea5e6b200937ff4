import type { ApiFixture, Answer } from "./api-fixture.ts";

/** A name as workerd 1.20261117 makes it: session, unique key, Durable Object id. */
export const NAME = "workerd-0123456789abcdef-w-Raw-aa11";
export const PROXY = `${NAME}-proxy`;
export const SESSION_LABELS = { "dev.workerd.session": "0123456789abcdef" };

/** The body with which workerd creates the egress interceptor. */
export function sidecarBody(image = "cloudflare/proxy-everything:3cb1195@sha256:0ef6"): object {
  return {
    Image: image,
    Cmd: [
      "--http-egress-port",
      "41000",
      "--http-ingress-address",
      "0.0.0.0:39001",
      "--docker-gateway-cidr",
      "127.0.0.0/8",
      "--dns-enabled",
      "--tls-intercept",
      "--disable-ipv6",
    ],
    Labels: SESSION_LABELS,
    ExposedPorts: { "39001/tcp": {} },
    HostConfig: {
      NetworkMode: "bridge",
      PublishAllPorts: true,
      CapAdd: ["NET_ADMIN"],
      Dns: ["1.1.1.1", "8.8.8.8"],
      ExtraHosts: ["host.docker.internal:host-gateway"],
    },
  };
}

/** The body with which workerd creates the user's container. */
export function appBody(image = "app", more: object = {}): object {
  return {
    Image: image,
    Env: ["MESSAGE=hello=world", "CLOUDFLARE_COUNTRY_A2=XX"],
    Labels: SESSION_LABELS,
    HostConfig: {
      RestartPolicy: { Name: "on-failure" },
      NetworkMode: `container:${PROXY}`,
    },
    ...more,
  };
}

/** Goes through a cold start up to the running app, and gives the statuses on the way. */
export async function startInstance(api: ApiFixture, body = appBody()): Promise<number[]> {
  const steps: [string, string, unknown?][] = [
    ["GET", `/containers/${NAME}/json`],
    ["GET", "/networks/bridge"],
    ["DELETE", `/containers/${PROXY}?force=true`],
    ["POST", `/containers/create?name=${PROXY}`, sidecarBody()],
    ["POST", `/containers/${PROXY}/start`],
    ["GET", `/containers/${PROXY}/json`],
    ["POST", `/containers/create?name=${NAME}`, body],
    ["POST", `/containers/${NAME}/start`],
  ];
  const answers: Answer[] = [];
  for (const [method, path, json] of steps) answers.push(await api.send(method, path, json));
  return answers.map((answer) => answer.status);
}
