import { createServer, type SecureContext } from "node:tls";

import { createCertificateAuthority } from "../../../../src/engine/egress/certificate-authority.ts";

// An HTTPS server of "the internet", with an authority of its own; prints that authority's certificate.
const authority = createCertificateAuthority();
const server = createServer(
  {
    SNICallback: (name, done) => {
      void present(name, done);
    },
  },
  (socket) => socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe origin"),
);
async function present(name: string, done: (error: null, context: SecureContext) => void) {
  done(null, await authority.contextFor(name));
}

const pem = await authority.readPem();
server.listen(443, () => console.log(pem));
