/** What the image specification calls its documents. */
export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layerTar: "application/vnd.oci.image.layer.v1.tar",
  layerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  layerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
} as const;

/** How a layer's tar is compressed. */
export type Compression = "gzip" | "zstd" | "none";

/** The media type of a layer that is compressed in a way. */
export const layerMediaTypes: Readonly<Record<Compression, string>> = {
  gzip: mediaTypes.layerGzip,
  zstd: mediaTypes.layerZstd,
  none: mediaTypes.layerTar,
};

/** @returns undefined when it is no layer's media type, or one that is not read */
export function compressionOf(mediaType: string): Compression | undefined {
  if (/^application\/vnd\.oci\.image\.layer\.(nondistributable\.)?v1\.tar$/.test(mediaType))
    return "none";
  if (mediaType === "application/vnd.docker.image.rootfs.diff.tar") return "none";
  if (
    /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1\.tar\+gzip|docker\.image\.rootfs\.(diff|foreign\.diff)\.tar\.gzip)$/.test(
      mediaType,
    )
  )
    return "gzip";
  return /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1\.tar\+zstd|docker\.image\.rootfs\.diff\.tar\.zstd)$/.test(
    mediaType,
  )
    ? "zstd"
    : undefined;
}
