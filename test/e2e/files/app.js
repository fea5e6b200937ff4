// An app that keeps one file, and says which image it is of.
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const http = require("node:http");

const FILE = "/app/file";
let held = "";

const server = http.createServer((request, response) => {
  const [, verb, value] = request.url.split("?")[0].split("/");
  if (verb === "hold") held = value;
  if (verb === "flush") writeFileSync(FILE, held);
  const file = existsSync(FILE) ? readFileSync(FILE, "utf8") : "";
  response.end(JSON.stringify({ image: process.env.IMAGE, file }));
});

process.on("SIGTERM", () => process.exit(0));
server.listen(8080);
