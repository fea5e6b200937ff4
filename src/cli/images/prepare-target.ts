import type { RemoteImages } from "./image-scope.ts";

/**
 * Finds out where an image goes, which may take a login, and connects to there: to be called before
 * work that takes a while, and awaited after it. What goes wrong with the connection shows when it
 * is used.
 *
 * @returns the name with its registry
 */
export function prepareTarget(name: string, remote: RemoteImages): Promise<string> {
  const target = remote.toTarget(name);
  target.then(remote.lookAhead).catch(() => undefined); // whoever awaits the target is told
  return target;
}
