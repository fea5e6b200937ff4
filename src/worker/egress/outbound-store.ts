import type { ObjectStorage } from "../../ports/platform.ts";
import type { OutboundOverride } from "./outbound-types.ts";
import type { OutboundConfig } from "./proxy-props.ts";

/** Where the peer keeps it, in the same shape: an upgrade in place finds what was set. */
const KEY = "OUTBOUND_CONFIGURATION";

interface StoredConfig {
  readonly outboundByHostOverrides?: Record<string, OutboundOverride> | undefined;
  readonly outboundHandlerOverride?: OutboundOverride | undefined;
  readonly allowedHosts?: string[] | undefined;
  readonly deniedHosts?: string[] | undefined;
  readonly hasInterceptAllRegistration?: boolean | undefined;
}

/** What is kept of one object's egress. */
export interface StoredOutbound extends OutboundConfig {
  /** Whether the runtime was told to intercept everything: it cannot be told to stop that. */
  readonly isAllIntercepted: boolean;
}

const NOTHING: StoredOutbound = {
  overridesByHost: {},
  override: undefined,
  allowedHosts: undefined,
  deniedHosts: undefined,
  isAllIntercepted: false,
};

/** What was set at runtime. It outlives the container and the object. */
export class OutboundStore {
  readonly #storage: ObjectStorage;
  #config: StoredOutbound | undefined;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  /** Read when it is first asked for. */
  get current(): StoredOutbound {
    this.#config ??= fromStored(this.#storage.kv.get<StoredConfig>(KEY));
    return this.#config;
  }

  change(changes: Partial<StoredOutbound>): void {
    const config = { ...this.current, ...changes };
    this.#storage.kv.put(KEY, toStored(config));
    this.#config = config;
  }
}

function fromStored(stored: StoredConfig | undefined): StoredOutbound {
  return {
    ...NOTHING,
    overridesByHost: stored?.outboundByHostOverrides ?? {},
    override: stored?.outboundHandlerOverride,
    allowedHosts: stored?.allowedHosts,
    deniedHosts: stored?.deniedHosts,
    isAllIntercepted: stored?.hasInterceptAllRegistration === true,
  };
}

function toStored(config: StoredOutbound): StoredConfig {
  const { overridesByHost, override, allowedHosts, deniedHosts, isAllIntercepted } = config;
  return {
    outboundByHostOverrides: { ...overridesByHost },
    outboundHandlerOverride: override,
    allowedHosts: allowedHosts && [...allowedHosts],
    deniedHosts: deniedHosts && [...deniedHosts],
    hasInterceptAllRegistration: isAllIntercepted || undefined,
  };
}
