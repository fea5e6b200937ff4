/** One way in which the platform lets an object down. */
export type SimulatedFault =
  /** The next writes fail, and the object is reset each time. */
  | { readonly kind: "storage-fails"; readonly times: number }
  /** From now on a write takes so long to be on disk; answers wait for it. */
  | { readonly kind: "storage-slow"; readonly writeMs: number }
  /** What is not on disk is lost, with the object's memory. */
  | { readonly kind: "writes-lost" }
  /** The next alarm comes so much later. */
  | { readonly kind: "alarm-delayed"; readonly delayMs: number }
  /** The next alarm never comes. */
  | { readonly kind: "alarm-lost" }
  /** The next alarm comes twice. */
  | { readonly kind: "alarm-twice" }
  /** The next call of the stub does not arrive. */
  | { readonly kind: "call-dropped" }
  /** The next call of the stub arrives twice. */
  | { readonly kind: "call-duplicated" }
  /** The next call of the stub is refused as `.overloaded`. */
  | { readonly kind: "overloaded" }
  /** The clock is set, forwards or backwards; what is under way takes as long as it would have. */
  | { readonly kind: "clock-jumps"; readonly byMs: number };
