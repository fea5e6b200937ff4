import { describe, expect, it } from "vitest";

import { parseEgressRules } from "../../../src/engine/pod/ingress.ts";
import { refusal } from "../../../src/engine/pod/name-message.ts";
import { parseRequestHead } from "../../../src/engine/pod/request-head.ts";

describe("parseRequestHead()", () => {
  it("reads the request line, headers in lower case, and keeps what follows", () => {
    const head = parseRequestHead(
      Buffer.from("CONNECT a:1 HTTP/1.1\r\nX-Dst-Addr: b:2\r\n\r\nrest"),
    );
    if (typeof head === "string") throw new Error(head);
    expect([
      head.method,
      head.target,
      head.headers.get("x-dst-addr"),
      head.rest.toString(),
    ]).toEqual(["CONNECT", "a:1", "b:2", "rest"]);
  });

  it.each([
    ["incomplete", "GET / HTTP/1.1\r\nHost: x\r\n"],
    ["invalid", "GET /\r\n\r\n"],
    ["invalid", "GET / HTTP/1.1\r\nno colon\r\n\r\n"],
    ["invalid", "x".repeat(20_000)],
  ])("answers %s", (answer, text) => expect(parseRequestHead(Buffer.from(text))).toBe(answer));
});

describe("parseEgressRules()", () => {
  it("takes what it knows and leaves the rest", () => {
    const body = '{"port":5,"dns":{"allowHostnames":["a",1]},"internet":{"enabled":true},"new":1}';
    expect(parseEgressRules(body)).toEqual({
      port: 5,
      isInternetEnabled: true,
      allowHostnames: ["a"],
    });
    expect(parseEgressRules('{"port":5}')).toEqual({ port: 5 });
  });
});

describe("refusal()", () => {
  it("repeats the question with an error and no records", () => {
    const question = Buffer.from([1, 0x61, 0, 0, 1, 0, 1]);
    const query = Buffer.concat([
      Buffer.from([0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]),
      question,
      Buffer.from([0, 0, 41]),
    ]);
    const answer = refusal(query, 3);
    expect([...answer]).toEqual([0xab, 0xcd, 0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0, ...question]);
  });
});
