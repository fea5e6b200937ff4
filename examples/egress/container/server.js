import { createServer } from "node:http";

// Sends a request to where it is told, as untrusted code would, and says what came of it:
// ?method=PUT&url=http://kv.internal/name, with a body to send along.
async function tryOut(request, target) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = parts.length > 0 ? Buffer.concat(parts) : undefined;
  const method = target.searchParams.get("method") ?? "GET";
  try {
    const response = await fetch(target.searchParams.get("url"), { method, body });
    return `${response.status} ${await response.text()}`;
  } catch (error) {
    return `none ${error.cause?.code ?? error.message}`;
  }
}

const server = createServer((request, response) => {
  const target = new URL(request.url, "http://app");
  if (target.pathname !== "/try") return response.end("ready\n");
  void tryOut(request, target).then((outcome) => response.end(`${outcome}\n`));
});

server.listen(4000);
process.on("SIGTERM", () => process.exit(0));
