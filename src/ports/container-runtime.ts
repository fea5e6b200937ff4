/** What the shell uses of `ctx.container`; older runtimes have no `exec` and no `inspect`. */
export type ContainerRuntime = Pick<
  Container,
  "running" | "start" | "monitor" | "destroy" | "signal" | "getTcpPort" | "setInactivityTimeout"
> &
  Partial<Pick<Container, "exec" | "inspect">>;
