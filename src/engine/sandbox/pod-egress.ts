import type { MessageFromPod, MessageToPod } from "../pod/pod-message.ts";
import type { Internet, PodNetwork } from "./network/internet.ts";
import { forwardNameQuery } from "./network/name-resolver.ts";

/** Does for one pod what its helper cannot do from inside: routes out, and names by the host. */
export class PodEgress {
  readonly #internet: Internet;
  readonly #pod: () => PodNetwork;
  #last: Promise<boolean> = Promise.resolve(false);

  constructor(internet: Internet, pod: () => PodNetwork) {
    this.#internet = internet;
    this.#pod = pod;
  }

  /** Gives or takes the route out, after all earlier changes; tells whether there is one. */
  setInternet(isEnabled: boolean): Promise<boolean> {
    const change = async (): Promise<boolean> => {
      if (isEnabled) return this.#internet.connect(this.#pod());
      await this.#internet.disconnect(this.#pod());
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
      return { kind: "egress-applied", id, hasRoute: false, error: String(error) };
    }
  }
}
