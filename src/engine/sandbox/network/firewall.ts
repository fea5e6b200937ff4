/** What the names of the links of all engines on the host start with. */
export const anyLinkPrefix = "brth";

/** Rules of the host that let pods out and nothing else. */
export interface Firewall {
  install(): Promise<void>;
  remove(): Promise<void>;
}

/** What a firewall is made for. */
export interface FirewallScope {
  /** The state directory's id. */
  readonly id: string;
  /** What the names of all pods' links on the host start with. */
  readonly linkPrefix: string;
  /** The pods' addresses. */
  readonly cidr: string;
  /** Whether the host forwarded nothing before, and so must forward nothing but pods now. */
  readonly isForwardingOurs: boolean;
}
