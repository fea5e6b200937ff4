import { WorkerEntrypoint } from "cloudflare:workers";

/** Where the contract's containers send requests that are intercepted: it says what it was given. */
export class OutboundProbe extends WorkerEntrypoint<Cloudflare.Env, { readonly tag: string }> {
  override async fetch(request: Request): Promise<Response> {
    const { method, url } = request;
    return Response.json({ method, url, tag: this.ctx.props.tag }, { status: 203 });
  }
}
