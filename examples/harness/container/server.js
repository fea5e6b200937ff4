import { createServer } from "node:http";

const startedAt = Date.now();
let requests = 0;

const server = createServer((request, response) => {
  request.resume();
  if (request.headers.host === "ping") return response.end(); // the readiness probe (pingEndpoint)
  requests += 1;
  const answer = {
    instance: process.env.INSTANCE_ID,
    uptimeSeconds: (Date.now() - startedAt) / 1000,
    requests,
  };
  response.setHeader("content-type", "application/json");
  response.end(`${JSON.stringify(answer)}\n`);
});

server.listen(4000, () => console.log("listening on port 4000"));
process.on("SIGTERM", () => process.exit(0));
