import { registerHooks } from "node:module";

// Classes written for Workers import a module that Node does not have.
const STAND_IN = `data:text/javascript,${encodeURIComponent(`
export class DurableObject { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }
export class WorkerEntrypoint extends DurableObject {}
export class RpcTarget {}
export const env = {};
`)}`;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "cloudflare:workers"
      ? { url: STAND_IN, shortCircuit: true }
      : next(specifier, context),
});
