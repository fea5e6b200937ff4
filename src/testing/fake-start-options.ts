/** What a platform has to start containers of. */
export interface StartSources {
  readonly hasImage: ((reference: string) => boolean) | undefined;
  readonly hasSnapshot: (id: string) => boolean;
}

/** What a start fails with whose image or snapshot the platform does not have. */
export function missingSource(
  { image, containerSnapshot }: ContainerStartupOptions = {},
  { hasImage = () => true, hasSnapshot }: StartSources,
): Error | undefined {
  const isThere =
    containerSnapshot === undefined
      ? image === undefined || hasImage(image)
      : hasSnapshot(containerSnapshot.id);
  return isThere ? undefined : new Error("Container failed to start");
}

const INSTANCE_TYPES = ["lite", "basic", "standard-1", "standard-2", "standard-3", "standard-4"];

/** Refuses options as the runtime does; it looks at no number of a size. */
export function checkStartOptions({ image, instance, containerSnapshot }: LooseOptions = {}): void {
  if (image !== undefined && containerSnapshot !== undefined) {
    throw new TypeError("`image` and `containerSnapshot` are mutually exclusive.");
  }
  if (image === "") throw new TypeError("Container image reference cannot be empty.");
  if (typeof instance === "string" && !INSTANCE_TYPES.includes(instance)) {
    throw new TypeError("Invalid container instance type.");
  }
}

/** Start options as a caller without types may give them. */
interface LooseOptions {
  readonly image?: unknown;
  readonly instance?: unknown;
  readonly containerSnapshot?: unknown;
}
