import { Server } from "node:net";

import { Interceptor } from "../egress/interceptor.ts";
import type { AddressFamily, MessageFromPod, MessageToPod } from "../pod/pod-message.ts";
import type { PodNetwork } from "./network/internet.ts";
import { forwardNameQuery } from "./network/name-resolver.ts";
import type { PodResources } from "./pod-resources.ts";

type EgressResources = Pick<PodResources, "internet" | "interception" | "authority" | "log">;

/**
 * Does for one pod what its helper cannot do from inside: routes out, names by the host, and the
 * connections that are intercepted.
 */
export class PodEgress {
  readonly #resources: EgressResources;
  readonly #pod: () => PodNetwork;
  readonly #interceptor: Interceptor;
  readonly #listeners = new Map<AddressFamily, number>();
  #last: Promise<boolean> = Promise.resolve(false);
  #interception: Promise<void> | undefined;

  constructor(resources: EgressResources, pod: () => PodNetwork) {
    this.#resources = resources;
    this.#pod = pod;
    const { authority } = resources;
    this.#interceptor = new Interceptor({ authority, helperPid: () => pod().helperPid });
  }

  /** Gives or takes the route out, after all earlier changes; tells whether there is one. */
  setInternet(isEnabled: boolean): Promise<boolean> {
    const change = async (): Promise<boolean> => {
      const { internet } = this.#resources;
      if (isEnabled) return internet.connect(this.#pod());
      await internet.disconnect(this.#pod());
      return false;
    };
    this.#last = this.#last.then(change, change);
    return this.#last;
  }

  /** Answers a message of the helper. */
  async handle(
    message: MessageFromPod,
    reply: (answer: MessageToPod) => void,
    handle?: unknown,
  ): Promise<void> {
    if (message.kind === "dns-query") {
      const answer = await forwardNameQuery(Buffer.from(message.packet, "base64"));
      const packet = answer === undefined ? {} : { packet: answer.toString("base64") };
      reply({ kind: "dns-answer", id: message.id, ...packet });
    } else if (message.kind === "certificate-wanted") {
      reply({
        kind: "certificate",
        id: message.id,
        pem: await this.#resources.authority.readPem(),
      });
    } else if (message.kind === "egress-listener" && handle instanceof Server) {
      this.#listeners.set(message.family, message.port);
      this.#interceptor.serve(handle);
    } else if (message.kind === "egress") {
      reply(await this.#applyRules(message));
    }
  }

  /** Takes the route out and breaks what is intercepted. */
  async close(): Promise<void> {
    this.#interceptor.close();
    await this.setInternet(false);
  }

  /** What is to be intercepted must be so before there is a way past it. */
  async #applyRules(message: MessageFromPod & { readonly kind: "egress" }): Promise<MessageToPod> {
    const { id, rules } = message;
    if (rules.port !== undefined)
      this.#interceptor.workerd = { address: "127.0.0.1", port: rules.port };
    try {
      if ((rules.allowHostnames ?? []).length > 0) await this.#intercept();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#resources.log(reason);
      return { kind: "egress-failed", id, reason };
    }
    return { kind: "egress-applied", id, hasRoute: await this.#applyInternet(rules) };
  }

  #intercept(): Promise<void> {
    this.#interception ??= this.#resources.interception
      .install(this.#pod().helperPid, this.#listeners)
      .catch((error: unknown) => {
        this.#interception = undefined;
        throw error;
      });
    return this.#interception;
  }

  async #applyInternet(rules: { readonly isInternetEnabled?: boolean }): Promise<boolean> {
    try {
      const { isInternetEnabled } = rules;
      return await (isInternetEnabled === undefined
        ? this.#last
        : this.setInternet(isInternetEnabled));
    } catch (error) {
      // An app without the internet is of more use than one that does not start.
      this.#resources.log(`Containers have no internet: ${String(error)}`);
      return false;
    }
  }
}
