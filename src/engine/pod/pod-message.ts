/** What the engine tells a pod's helper process. */
export type MessageToPod =
  | { readonly kind: "serve" }
  | { readonly kind: "names"; readonly isEnabled: boolean }
  | { readonly kind: "egress-applied"; readonly id: number; readonly hasRoute: boolean }
  | { readonly kind: "dns-answer"; readonly id: number; readonly packet?: string };

/** What a pod's helper process tells the engine. */
export type MessageFromPod =
  | { readonly kind: "ready"; readonly hostPid: number }
  | { readonly kind: "port-refused"; readonly port: number }
  | { readonly kind: "egress"; readonly id: number; readonly rules: EgressRules }
  | { readonly kind: "dns-query"; readonly id: number; readonly packet: string };

/** The body of `PUT /egress`, as far as it is understood. */
export interface EgressRules {
  /** Where workerd listens for intercepted traffic, when it does. */
  readonly port?: number;
  /** Whether the container may reach the internet directly; unchanged when absent. */
  readonly isInternetEnabled?: boolean;
  /** Host names that may be resolved although the internet is off. */
  readonly allowHostnames: readonly string[];
}
