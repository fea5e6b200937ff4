/** An answer as its client gets it: its body breaks when what it comes from goes away. */
export function bodyOf(response: Response, cut: Promise<void>): Response {
  if (response.body === null || response.webSocket !== null) return response;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const lost = cut.then((): never => {
    throw Object.assign(new Error("Network connection lost."), { retryable: true });
  });
  lost.catch(() => {}); // told to whoever reads
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await Promise.race([reader.read(), lost]);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, response);
}
