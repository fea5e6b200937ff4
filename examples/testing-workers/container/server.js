import { createServer } from "node:http";

createServer((request, response) => {
  if (request.url === "/healthz") response.end("ok");
  else response.end(`hello from ${process.pid}`);
}).listen(4000);
