/** What the shell uses of `ctx.container`. */
export type ContainerRuntime = Pick<
  Container,
  "running" | "start" | "monitor" | "destroy" | "signal" | "getTcpPort" | "setInactivityTimeout"
>;
