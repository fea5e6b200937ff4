import { REFERENCE_PORT } from "../../core/readiness/reference-port.ts";

/** What a hint is about. */
export interface ExposingImage {
  /** The image's reference. */
  readonly image: string;
  /** The ports it EXPOSEs. */
  readonly exposedPorts: readonly number[];
}

/** Told of a port of an image's container on which nothing listens. */
export type PortHint = (exposing: ExposingImage, port: number) => void;

/**
 * Makes a function that hints at a port which the Worker asks for and the image does not EXPOSE:
 * the two disagree, most likely by a slip. Once for each image and port; never for the port that
 * readiness checks ask because nothing listens there.
 *
 * @param onHint gets the text
 */
export function createPortHint(onHint: (message: string) => void): PortHint {
  const told = new Set<string>();
  return ({ image, exposedPorts }, port) => {
    const key = `${port} ${image}`;
    const isSaid = port === REFERENCE_PORT || told.has(key);
    if (exposedPorts.length === 0 || exposedPorts.includes(port) || isSaid) return;
    told.add(key);
    onHint(
      `The Worker asks for port ${port} of ${image}, where nothing listens; the image EXPOSEs ` +
        `${exposedPorts.join(", ")}: mend defaultPort, or EXPOSE ${port} if it is right`,
    );
  };
}
