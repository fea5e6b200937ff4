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
      | "interceptAllOutboundHttp"
      | "interceptOutboundHttp"
      | "interceptOutboundHttps"
      | "snapshotContainer"
    >
  >;
