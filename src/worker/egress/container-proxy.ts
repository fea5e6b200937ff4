import { WorkerEntrypoint } from "cloudflare:workers";
import { ContainerError } from "../../errors/container-error.ts";
import { answerOutbound } from "./answer-outbound.ts";
import { knownClass } from "./known-classes.ts";
import type { ProxyProps } from "./proxy-props.ts";
import { stubOf, type WorkerExports } from "./worker-exports.ts";

/** The part of a container class that answers where its class is not known. */
interface OutboundObject {
  handleOutbound(request: Request, props: object): Promise<Response>;
}

/**
 * Where the requests of a container go that has egress rules. A Worker whose classes have any
 * exports it: `export { ContainerProxy } from "@berth/containers"`.
 */
export class ContainerProxy extends WorkerEntrypoint<Cloudflare.Env, object> {
  /** Answers a request of a container: refuses it, hands it to a handler, or sends it on. */
  override async fetch(request: Request): Promise<Response> {
    const { env } = this;
    const { props, exports } = this.ctx as unknown as {
      readonly props: ProxyProps;
      readonly exports: WorkerExports;
    };
    const { exportName, containerId } = props;
    const statics = knownClass(exportName);
    if (statics !== undefined) return await answerOutbound(request, { statics, props, env });
    if (exportName === undefined) {
      throw new ContainerError(
        "INVALID_CONFIG",
        `Cannot answer the request of a container: the Worker exports no class for ${props.className}`,
      );
    }
    // No object of the class was made in this isolate: the container's own knows its handlers.
    const object = stubOf(exports, exportName, containerId) as unknown as OutboundObject;
    return await object.handleOutbound(request, props);
  }
}
