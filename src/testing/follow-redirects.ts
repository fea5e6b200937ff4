const MAX_REDIRECTS = 20;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request as the platform's `fetch()` of a binding does: unless it says otherwise its
 * redirects are followed by the same binding, and whoever answers is asked not to follow any.
 */
export async function followRedirects(
  request: Request,
  send: (request: Request) => Promise<Response>,
): Promise<Response> {
  if (request.redirect !== "follow") return await send(request);
  let current = request;
  for (let count = 0; count <= MAX_REDIRECTS; count += 1) {
    // A body is sent once: where it may be asked for again, a copy stays behind.
    const spare = current.body === null ? current : (current.clone() as Request);
    const response = await send(new Request(current, { redirect: "manual" }));
    const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
    if (location === null) return response;
    current = redirected(spare, response.status, new URL(location, current.url));
  }
  throw new TypeError("Too many redirects.");
}

function redirected(request: Request, status: number, url: URL): Request {
  const { method } = request;
  const becomesGet = status === 303 ? method !== "HEAD" : status < 303 && method === "POST";
  if (!becomesGet) return new Request(url.href, request);
  const { headers, signal } = request;
  return new Request(url.href, { method: "GET", headers, signal });
}
