/** What a program writes to one of its outputs; a stream may go on until the program is killed. */
export type FakeOutput = string | Uint8Array | ReadableStream<Uint8Array>;

/** One output of a program, as its caller has it. */
export interface OutputPipe {
  readonly readable: ReadableStream<Uint8Array>;
  /** Resolves once all of it was read; at once where there is nothing to be read. */
  readonly drained: Promise<void>;
}

/**
 * An output of a program. It ends with its program, and the program's exit is not told before all
 * that it wrote was read: as on workerd.
 *
 * @param output what the program writes, once it is known
 * @param cut resolves when the program is killed
 */
export function outputPipe(
  output: Promise<FakeOutput | undefined>,
  cut: Promise<unknown>,
): OutputPipe {
  const drained = Promise.withResolvers<void>();
  const end = { done: true, value: undefined } as const;
  let isCut = false;
  const ended = cut.then(() => {
    isCut = true;
    return end;
  });
  const source = Promise.race([output.then(readerOf), cut.then(() => undefined)]);
  void source.then((reader) => {
    if (reader === undefined) drained.resolve();
  });
  const readable = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const reader = await source;
        const part =
          reader === undefined || isCut ? end : await Promise.race([reader.read(), ended]);
        if (!part.done) return controller.enqueue(part.value);
        controller.close();
        drained.resolve();
      },
      cancel: () => drained.resolve(),
    },
    { highWaterMark: 0 },
  );
  return { readable, drained: drained.promise };
}

function readerOf(
  output: FakeOutput | undefined,
): ReadableStreamDefaultReader<Uint8Array> | undefined {
  if (output === undefined || output === "") return undefined;
  if (output instanceof ReadableStream) return output.getReader();
  const bytes = typeof output === "string" ? new TextEncoder().encode(output) : output;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  return body.getReader();
}
