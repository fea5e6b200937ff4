/** Which end of a joined WebSocket a message came from. */
export type SocketSide = "client" | "container";

/**
 * Which messages of a WebSocket keep an instance awake: all; those of the client, so that an app's
 * own pings do not; or those for which a function returns true.
 */
export type SocketActivity =
  "any" | "client" | ((message: string | ArrayBuffer, from: SocketSide) => boolean);

/**
 * Whether a message counts as activity. One that a class's function fails on counts: the fault is
 * not the client's, who would lose the container by it.
 */
export function isSocketActivity(
  rule: SocketActivity,
  message: string | ArrayBuffer,
  from: SocketSide,
): boolean {
  if (typeof rule !== "function") return rule === "any" || from === "client";
  try {
    return rule(message, from);
  } catch {
    return true; // see above
  }
}
