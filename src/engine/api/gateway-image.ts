import { createHash } from "node:crypto";

/** The reference that the engine gives to wrangler, so that it has nothing to pull. */
export const GATEWAY_IMAGE = "berth/proxy-everything:embedded";

/** Stands in for an image id where Docker's answers want one. */
export const GATEWAY_IMAGE_ID = `sha256:${createHash("sha256").update(GATEWAY_IMAGE).digest("hex")}`;

/**
 * Whether a reference is the egress interceptor's ("sidecar") image, of any registry, tag or
 * digest. The engine's own gateway does that image's work, so none is ever pulled or unpacked.
 */
export function isGatewayImage(reference: string): boolean {
  return reference === GATEWAY_IMAGE_ID || /(^|\/)proxy-everything([:@]|$)/.test(reference);
}
