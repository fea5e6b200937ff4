/** What the shell uses of `ctx.container`; older runtimes lack the rest. */
export type ContainerRuntime = Pick<
  Container,
  "running" | "start" | "monitor" | "destroy" | "signal" | "getTcpPort" | "setInactivityTimeout"
> &
  Partial<
    Pick<
      Container,
      | "exec"
      | "images"
      | "inspect"
      | "interceptAllOutboundHttp"
      | "interceptOutboundHttp"
      | "interceptOutboundHttps"
      | "snapshotContainer"
    >
  >;
