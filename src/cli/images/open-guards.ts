import { accountBytes, addedBytes } from "../../images/guard/account-bytes.ts";
import { checkStoredImage } from "../../images/guard/check-stored-image.ts";
import { refuseProblems } from "../../images/guard/refuse-problems.ts";
import type { KnownUses } from "../../images/guard/refuse-used.ts";
import type { BuildStore } from "../../images/image-store.ts";
import { readPlatform } from "../../images/report/read-platform.ts";
import type { AskWrangler } from "../deploy/ask-wrangler.ts";
import type { CloudflareRegistry } from "../deploy/cloudflare-registry.ts";
import type { AccountUsage } from "../deploy/deploy-images.ts";
import { loadConfigCommands } from "../lazy/load.ts";
import { measureRemoteAccount } from "./measure-remote-account.ts";
import { findConfig } from "./find-config.ts";
import type { KeepOptions, PushCheckOptions } from "./image-options.ts";
import type {
  ConfigOffer,
  ImageGuards,
  ImagePlace,
  PushCheck,
  RemoteImages,
} from "./image-scope.ts";
import { offerUri, requireConfig } from "./offer-uri.ts";
import { findPushLimits } from "./push-limits.ts";
import { toStoredImage } from "./stored-image.ts";

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
    const { image, packed, target } = push;
    const configPath = this.#configOf(asked);
    requireConfig(asked, configPath);
    const limits = await findPushLimits(asked, configPath);
    const platform = await readPlatform(store.blobs, packed);
    const account = await this.#accountUsage(push);
    const problems = await checkStoredImage({
      ...{ image, platform, limits, name: target, layers: store.layers },
      ...(account !== undefined && { account }),
    });
    return refuseProblems(problems, asked.isForced ? "force" : "check");
  }

  async findUses(place: ImagePlace, asked: KeepOptions): Promise<KnownUses> {
    const { ask, cloudflare } = this.#options;
    const { collectUses } = await loadConfigCommands();
    const configPath = this.#configOf(asked);
    const configPaths = configPath === undefined ? [] : [configPath];
    const { keepFile } = asked;
    const isOther = place.kind === "registry" && !this.#isCloudflare(place.repository);
    // A registry of one's own, and no Worker at hand: there is nobody whom wrangler could ask about.
    const deployed = isOther && configPath === undefined ? "skip" : "ask";
    const qualify = (name: string): Promise<string> => cloudflare.qualify(name);
    if (place.kind === "registry") {
      return collectUses({ ask, configPaths, keepFile, qualify, deployed });
    }
    // What is deployed comes from a registry: it is not hurt by what goes from this machine, where
    // names are as they are written.
    const asWritten = async (name: string): Promise<string> => name;
    return collectUses({ ask, configPaths, keepFile, qualify: asWritten, deployed: "skip" });
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

  /** A registry that does not say what it holds is no reason not to push to it. */
  async #accountUsage({ packed, target }: PushCheck): Promise<AccountUsage | undefined> {
    if (!this.#isCloudflare(target)) return undefined;
    const { ask, remote, say } = this.#options;
    const there = await remote.measure(target).catch(() => undefined); // mostly it is new
    if (there?.digest === packed.manifest.digest) return undefined; // nothing is added
    try {
      const held = await measureRemoteAccount(ask, remote);
      const own = toStoredImage([packed.config, ...packed.layers]);
      return { accountBytes: accountBytes(held), addedBytes: addedBytes(own, held) };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      say(`warning: the account's total is not checked: ${why}`);
      return undefined;
    }
  }
}
