// An app with an HTTP server, one that waits for its client to speak, and one that greets it.
const { createHash } = require("node:crypto");
const http = require("node:http");
const net = require("node:net");

const routes = {
  "/": (_request, response) => response.end("ready"),
  "/failing": (_request, response) => response.writeHead(500).end("failing"),
  "/never": () => {},
  "/post": (request, response) => request.pipe(response),
  "/sse": (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    let id = 0;
    setInterval(() => response.write(`data: ${id++}\n\n`), 100);
  },
  "/half": (_request, response) => {
    response.writeHead(200, { "content-length": String(2 ** 21) });
    response.write(Buffer.alloc(100_000), () => setTimeout(() => process.exit(1), 50));
  },
};

const server = http.createServer((request, response) => {
  const route = routes[request.url];
  if (route === undefined) response.writeHead(404).end("missing");
  else route(request, response);
});

// Says hello, then dies without a close frame.
server.on("upgrade", (request, socket) => {
  const key = request.headers["sec-websocket-key"];
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept.digest("base64")}\r\n\r\n`,
  );
  socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from("hello")]));
  socket.once("data", () => process.exit(1));
});

const ignore = () => {};
const listen = () => {
  net.createServer((socket) => socket.on("error", ignore)).listen(9001);
  net.createServer((socket) => socket.on("error", ignore).end("hello\n")).listen(9002);
  server.listen(8080);
};
setTimeout(listen, 300);
