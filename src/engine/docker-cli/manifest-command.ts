import { dockerCredentials } from "../../images/registry/docker-credentials.ts";
import { fetchManifest } from "../../images/registry/fetch-manifest.ts";
import { readManifest } from "../../images/registry/manifest.ts";
import { openRegistry, type Registry } from "../../images/registry/open-registry.ts";
import {
  formatReference,
  parseReference,
  type Reference,
} from "../../images/registry/reference.ts";
import type { Descriptor } from "../../images/oci/descriptor.ts";
import { onlyArgument, parseFlags, type Command } from "./command.ts";
import { toLoginScope } from "./login-scope.ts";

/** `docker manifest inspect`: what a registry keeps; wrangler reads the digest from it. */
export const manifestCommand: Command = async (scope) => {
  const flags = parseFlags(scope.args, { verbose: { type: "boolean", short: "v" } });
  const reference = parseReference(onlyArgument(flags, "image"));
  const credentials = dockerCredentials(toLoginScope(scope));
  const registry = openRegistry({ credentials, userAgent: "berth" });
  try {
    const found = flags.has("verbose")
      ? await describe(registry, reference)
      : toDocument((await fetchManifest(registry, reference)).bytes);
    scope.print(JSON.stringify(found, undefined, 4));
  } finally {
    registry.close();
  }
};

/** One entry for an image, a list of them for an index. */
async function describe(
  registry: Registry,
  reference: Reference,
  platform?: Descriptor["platform"],
): Promise<unknown> {
  const { bytes, declaredType } = await fetchManifest(registry, reference);
  const manifest = readManifest(bytes, formatReference(reference), declaredType);
  if (manifest.kind === "index") {
    const entries = manifest.entries.map(({ digest, platform: runsOn }) =>
      describe(registry, { ...reference, digest }, runsOn),
    );
    return Promise.all(entries);
  }
  const { mediaType, digest, size } = manifest.image.manifest;
  const isOci = mediaType.startsWith("application/vnd.oci.");
  return {
    Ref: formatReference({ ...reference, digest }),
    Descriptor: { mediaType, digest, size, ...(platform !== undefined && { platform }) },
    [isOci ? "OCIManifest" : "SchemaV2Manifest"]: toDocument(bytes),
  };
}

function toDocument(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString("utf8"));
}
