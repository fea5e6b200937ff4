import { formatBytes } from "../../../images/format-bytes.ts";
import type { ConfigOffer } from "../image-scope.ts";
import type { PushReport } from "../push-action.ts";

/** Writes what came of a push. */
export function printPush(report: PushReport): readonly string[] {
  const { reference, uri, sentBytes, blobs } = report;
  const there = blobs.present + blobs.mounted;
  return [
    `pushed  ${reference}`,
    `sent    ${formatBytes(sentBytes)} in ${toBlobs(blobs.sent)}, ${there} already there`,
    `uri     ${uri}`,
    ...printOffer(report.config),
  ];
}

function toBlobs(count: number): string {
  return count === 1 ? "1 blob" : `${count} blobs`;
}

function printOffer(offer: ConfigOffer): readonly string[] {
  switch (offer.kind) {
    case "none":
      return [];
    case "written":
      return [`config  ${offer.path} uses it now`];
    case "to-paste":
      return ["", "To use it, write in the configuration (or give --write):", ...offer.lines];
  }
}
