import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect } from "node:net";

/**
 * Deletes a unix socket that a killed process left: it would keep its path from being listened on.
 * One that somebody answers on is left alone, and so is any other file.
 */
export async function deleteStaleSocket(path: string): Promise<void> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ECONNREFUSED") await rm(path, { force: true });
  } finally {
    socket.destroy();
  }
}
