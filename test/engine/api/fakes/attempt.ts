/**
 * A program for an app: makes each attempt of its arguments, and prints what came of them. A URL is
 * fetched, `tcp:HOST:PORT` and `udp:HOST:PORT` are connected to, `tls:ADDRESS:PORT:NAME` tells for
 * what and by whom the certificate is, `name:NAME` is looked up.
 */
export const ATTEMPT = `
const dns = require("node:dns");
const dgram = require("node:dgram");
const http = require("node:http");
const https = require("node:https");
const net = require("node:net");
const tls = require("node:tls");

const read = (stream) => new Promise((resolve) => {
  let text = "";
  stream.on("data", (chunk) => (text += chunk)).on("close", () => resolve(text));
  stream.on("error", (error) => resolve(error.code));
});
const ways = {
  http: (text) => ask(http, text),
  https: (text) => ask(https, text),
  tcp: (text) => {
    const [, host, port] = /^tcp:(.+):(\\d+)$/.exec(text);
    return read(net.connect({ host, port }));
  },
  udp: (text) => new Promise((resolve) => {
    const [, host, port] = /^udp:(.+):(\\d+)$/.exec(text);
    const socket = dgram.createSocket("udp4");
    const finish = (result) => (resolve(result), socket.close());
    socket.once("error", (error) => finish(error.code));
    socket.connect(port, host, (error) =>
      error ? finish(error.code) : socket.send("x", (failure) => finish(failure?.code ?? "sent")));
  }),
  tls: (text) => new Promise((resolve) => {
    const [, host, port, servername] = text.split(":");
    const socket = tls.connect({ host, port, servername, rejectUnauthorized: false });
    socket.once("secureConnect", () => {
      const { subjectaltname, issuerCertificate } = socket.getPeerCertificate(true);
      resolve(subjectaltname + " by " + issuerCertificate.fingerprint256);
      socket.destroy();
    });
    socket.once("error", (error) => resolve(error.code));
  }),
  name: (text) => dns.promises.resolve4(text.slice(5)).then(String, (error) => error.code),
  name6: (text) => dns.promises.resolve6(text.slice(6)).then(String, (error) => error.code),
};
function ask(module, text) {
  const [url, host] = text.split("|");
  return new Promise((resolve) => {
    const options = { agent: false, headers: host === undefined ? {} : { host } };
    const request = module.get(url, options, (response) => resolve(read(response)));
    request.once("error", (error) => resolve(error.code));
  });
}
Promise.all(process.argv.slice(1).map((text) => ways[text.slice(0, text.indexOf(":"))](text)))
  .then((results) => console.log(JSON.stringify(results)));
`;
