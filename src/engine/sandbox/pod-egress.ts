import type { MessageFromPod, MessageToPod } from "../pod/pod-message.ts";
import type { PodNetwork } from "./network/internet.ts";
import { forwardNameQuery } from "./network/name-resolver.ts";
import type { PodResources } from "./pod-resources.ts";

/** Does for one pod what its helper cannot do from inside: routes out, and names by the host. */
export class PodEgress {
  readonly #resources: Pick<PodResources, "internet" | "log">;
  readonly #pod: () => PodNetwork;
  #last: Promise<boolean> = Promise.resolve(false);

  constructor(resources: Pick<PodResources, "internet" | "log">, pod: () => PodNetwork) {
    this.#resources = resources;
    this.#pod = pod;
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
  async handle(message: MessageFromPod, reply: (answer: MessageToPod) => void): Promise<void> {
    if (message.kind === "dns-query") {
      const answer = await forwardNameQuery(Buffer.from(message.packet, "base64"));
      const packet = answer === undefined ? {} : { packet: answer.toString("base64") };
      reply({ kind: "dns-answer", id: message.id, ...packet });
    } else if (message.kind === "egress") {
      reply(await this.#applyRules(message));
    }
  }

  async #applyRules(message: MessageFromPod & { readonly kind: "egress" }): Promise<MessageToPod> {
    const { id, rules } = message;
    try {
      const { isInternetEnabled } = rules;
      const hasRoute = await (isInternetEnabled === undefined
        ? this.#last
        : this.setInternet(isInternetEnabled));
      return { kind: "egress-applied", id, hasRoute };
    } catch (error) {
      // An app without the internet is of more use than one that does not start.
      this.#resources.log(`Containers have no internet: ${String(error)}`);
      return { kind: "egress-applied", id, hasRoute: false };
    }
  }
}
