import { describe, expect, it } from "vitest";
import { AnswerMarker } from "../../../src/engine/pod/answer-without-body.ts";

/** What a client gets of `answer` after it sent `request`. */
function answered(request: string, answer: string): string {
  const marker = new AnswerMarker();
  marker.onRequest(Buffer.from(request));
  return marker.mark(Buffer.from(answer)).toString();
}

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

describe("AnswerMarker", () => {
  it.each([
    ["Content-Length: 0", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ["204", "HTTP/1.1 204 No Content\r\nServer: a\r\n\r\n"],
    ["304", "HTTP/1.1 304 Not Modified\r\nETag: a\r\n\r\n"],
  ])("has a connection closed after %s", (_name, answer) => {
    expect(answered(GET, answer)).toBe(`${answer.slice(0, -2)}Connection: close\r\n\r\n`);
  });

  it("has a connection closed after an answer to HEAD, whatever length it names", () => {
    const answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    expect(answered(GET.replace("GET", "HEAD"), answer)).toContain("\r\nConnection: close\r\n");
    expect(answered(GET, answer)).toBe(answer);
  });

  it("replaces what the app says of the connection, and nothing else", () => {
    const answer =
      "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nX: y\r\n\r\n";
    expect(answered(GET, answer)).toBe(
      "HTTP/1.1 204 No Content\r\nX: y\r\nConnection: close\r\n\r\n",
    );
  });

  it.each([
    ["an answer with a body", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"],
    ["a chunked answer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["an upgrade", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"],
    ["another protocol", "220 mail.example ESMTP\r\n\r\n"],
    ["a head in pieces", "HTTP/1.1 204 No Con"],
  ])("leaves %s alone", (_name, answer) => {
    expect(answered(GET, answer)).toBe(answer);
  });

  it("looks at the first chunk after a request only, so that no body is taken for an answer", () => {
    const marker = new AnswerMarker();
    const text = Buffer.from("HTTP/1.1 204 No Content\r\n\r\n");
    marker.onRequest(Buffer.from(GET));
    marker.mark(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n"));
    expect(marker.mark(text)).toBe(text);
  });
});
