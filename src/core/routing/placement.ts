import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";

/** Where an instance is to live. */
export interface Placement {
  /**
   * The region that it is best made in. The platform heeds a hint at an instance's first request
   * only, so each hint has instances of its own: another hint is another instance.
   */
  readonly locationHint?: DurableObjectLocationHint;
  /** What its data must not leave. Each jurisdiction has instances of its own, by the platform. */
  readonly jurisdiction?: DurableObjectJurisdiction;
}

/** Of the platform's documents and types, November 2026. */
const LOCATIONS: Readonly<Record<DurableObjectLocationHint, true>> = {
  wnam: true,
  enam: true,
  sam: true,
  weur: true,
  eeur: true,
  apac: true,
  "apac-ne": true,
  "apac-se": true,
  oc: true,
  afr: true,
  me: true,
};

/**
 * Names an instance of a region. Without a hint a name is as it is, so that it stays the same
 * instance as before.
 *
 * @throws {ContainerError} `INVALID_ARGUMENT` for a hint that there is not, and for a name that
 * would be another's of a region
 */
export function placedName(name: string, hint: string | undefined): string {
  const [, region] = /^@([a-z-]+)\//.exec(name) ?? [];
  if (region !== undefined && Object.hasOwn(LOCATIONS, region)) {
    throw new ContainerError(
      "INVALID_ARGUMENT",
      `Cannot get a container by the name ${shown(name)}: it begins like one with a locationHint; pass the hint as an option`,
    );
  }
  if (hint === undefined) return name;
  if (Object.hasOwn(LOCATIONS, hint)) return `@${hint}/${name}`;
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot place a container: ${shown(hint)} is no locationHint; use one of ${Object.keys(LOCATIONS).join(", ")}`,
  );
}
