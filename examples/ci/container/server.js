import { createServer } from "node:http";

createServer((_, response) => response.end("built in CI, without Docker\n")).listen(8080);
