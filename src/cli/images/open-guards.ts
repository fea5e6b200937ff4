import type { ImageFacts } from "../../images/guard/image-facts.ts";
import type { KnownUses } from "../../images/guard/refuse-used.ts";
import type { BuildStore } from "../../images/image-store.ts";
import { readPlatform } from "../../images/report/read-platform.ts";
import type { AskWrangler } from "../deploy/ask-wrangler.ts";
import type { CloudflareRegistry } from "../deploy/cloudflare-registry.ts";
import { collectUses } from "../deploy/collect-uses.ts";
import { findAccountFacts } from "./account-facts.ts";
import { checkPush } from "./check-push.ts";
import { findConfig } from "./find-config.ts";
import type { KeepOptions, PushCheckOptions } from "./image-options.ts";
import type { ConfigOffer, ImageGuards, PushCheck, RemoteImages } from "./image-scope.ts";
import { offerUri, requireConfig } from "./offer-uri.ts";
import { findPushLimits } from "./push-limits.ts";

/** What {@link openGuards} needs. */
export interface GuardOptions {
  readonly store: BuildStore;
  readonly remote: RemoteImages;
  readonly cloudflare: CloudflareRegistry;
  readonly ask: AskWrangler;
  /** Where a wrangler configuration is looked for. */
  readonly projectDir: string;
  readonly say: (line: string) => void;
}

/** Opens what keeps a user from breaking a deployment. */
export function openGuards(options: GuardOptions): ImageGuards {
  return new Guards(options);
}

class Guards implements ImageGuards {
  readonly #options: GuardOptions;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  async checkPush(push: PushCheck, asked: PushCheckOptions): Promise<readonly string[]> {
    const { store } = this.#options;
    const configPath = this.#configOf(asked);
    requireConfig(asked, configPath);
    const limits = await findPushLimits(asked, configPath);
    const platform = await readPlatform(store.blobs, push.packed);
    const account = await this.#accountFacts(push);
    const mode = asked.isForced ? "force" : "check";
    return checkPush(push, { store, limits, platform, account, mode });
  }

  async findUses(place: "store" | "registry", asked: KeepOptions): Promise<KnownUses> {
    const { ask, cloudflare } = this.#options;
    const configPath = this.#configOf(asked);
    const configPaths = configPath === undefined ? [] : [configPath];
    const { keepFile } = asked;
    if (place === "registry") {
      return collectUses({
        ask,
        configPaths,
        keepFile,
        qualify: (name) => cloudflare.qualify(name),
      });
    }
    // What is deployed comes from a registry: it is not hurt by what goes from this machine.
    const nothing = async (): Promise<string> => "[]";
    return collectUses({ ask: nothing, configPaths, keepFile, qualify: async (name) => name });
  }

  async offerUri(uri: string, asked: PushCheckOptions): Promise<ConfigOffer> {
    const isCloudflare = this.#isCloudflare(uri);
    return offerUri(uri, asked, { configPath: this.#configOf(asked), isCloudflare });
  }

  #configOf({ configPath }: Pick<KeepOptions, "configPath">): string | undefined {
    return configPath ?? findConfig(this.#options.projectDir);
  }

  #isCloudflare(reference: string): boolean {
    return reference.startsWith(`${this.#options.cloudflare.host}/`);
  }

  /** A registry that does not show what it holds is no reason not to push to it. */
  async #accountFacts(push: PushCheck): Promise<Pick<ImageFacts, "accountBytes" | "addedBytes">> {
    if (!this.#isCloudflare(push.target)) return {};
    const { cloudflare, remote, say } = this.#options;
    try {
      return await findAccountFacts(push, cloudflare.host, remote);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      say(`warning: the account's total is not checked: ${why}`);
      return {};
    }
  }
}
