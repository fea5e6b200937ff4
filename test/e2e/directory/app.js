// An app that keeps files in /data. What it was begun with it has read once, before it listens.
const fs = require("node:fs");
const http = require("node:http");

const names = fs.readdirSync("/data");
const begun = Object.fromEntries(names.map((name) => [name, fs.statSync(`/data/${name}`).size]));

const server = http.createServer((request, response) => {
  const [, verb, name, text] = decodeURIComponent(request.url.split("?")[0]).split("/");
  if (verb === "write") fs.writeFileSync(`/data/${name}`, text);
  if (verb === "fill") fs.writeFileSync(`/data/${name}`, Buffer.alloc(Number(text), name));
  if (verb === "delete") fs.unlinkSync(`/data/${name}`);
  const text0 = fs.existsSync("/data/text") ? fs.readFileSync("/data/text", "utf8") : "";
  response.end(JSON.stringify({ begun, text: text0 }));
});

process.on("SIGTERM", () => process.exit(0));
server.listen(8080);
