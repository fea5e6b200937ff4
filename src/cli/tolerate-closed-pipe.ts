/**
 * Lets a command end in its own way when nobody reads its output any more, as with `| head`: the
 * work is done, and its exit code says how. Node would end the process with a stack.
 */
export function tolerateClosedPipe(stream: NodeJS.WritableStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
