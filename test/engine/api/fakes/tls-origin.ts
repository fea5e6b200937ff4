import { createServer } from "node:tls";

import { createCertificateAuthority } from "../../../../src/engine/egress/certificate-authority.ts";

// An HTTPS server of "the internet", with an authority of its own; prints that authority's certificate.
const authority = createCertificateAuthority();
const server = createServer(
  {
    SNICallback: (name, done) => {
      authority.contextFor(name).then(
        (context) => done(null, context),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
    },
  },
  (socket) => socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe origin"),
);
const pem = await authority.readPem();
server.listen(443, () => console.log(pem));
