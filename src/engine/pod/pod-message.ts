/** What the engine tells a pod's helper process. */
export type MessageToPod =
  | { readonly kind: "serve" }
  | { readonly kind: "names"; readonly isEnabled: boolean }
  | { readonly kind: "egress-applied"; readonly id: number; readonly hasRoute: boolean }
  | { readonly kind: "egress-failed"; readonly id: number; readonly reason: string }
  | { readonly kind: "dns-answer"; readonly id: number; readonly packet?: string }
  | { readonly kind: "certificate"; readonly id: number; readonly pem: string };

/** What a pod's helper process tells the engine. */
export type MessageFromPod =
  | { readonly kind: "ready"; readonly hostPid: number }
  | { readonly kind: "port-refused"; readonly port: number }
  | { readonly kind: "egress"; readonly id: number; readonly rules: EgressRules }
  | { readonly kind: "egress-listener"; readonly family: AddressFamily; readonly port: number }
  | { readonly kind: "dns-query"; readonly id: number; readonly packet: string }
  | { readonly kind: "certificate-wanted"; readonly id: number };

/** The kind of addresses that a listener takes connections to. */
export type AddressFamily = "ipv4" | "ipv6";

/** The body of `PUT /egress`, as far as it is understood; what is absent stays as it was. */
export interface EgressRules {
  /** Where workerd listens for intercepted traffic, when it does. */
  readonly port?: number;
  /** Whether the container may reach the internet directly. */
  readonly isInternetEnabled?: boolean;
  /** Patterns of the host names whose traffic is intercepted: these resolve in any case. */
  readonly allowHostnames?: readonly string[];
}
