import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createRouter } from "../../../src/engine/api/router.ts";

const matchRoute = createRouter([
  { method: "GET", pattern: "/containers/json", handler: "list" },
  { method: "GET", pattern: "/containers/:id/json", handler: "inspect" },
  { method: "DELETE", pattern: "/containers/:id", handler: "remove" },
  { method: "GET", pattern: "/images/json", handler: "images" },
  { method: "GET", pattern: "/images/*name/json", handler: "image" },
  { method: "DELETE", pattern: "/images/*name", handler: "rmi" },
]);

describe("createRouter()", () => {
  it.each([
    ["GET", "/containers/json", "list", {}],
    ["GET", "/v1.43/containers/json", "list", {}],
    ["GET", "/containers/workerd-a-b/json", "inspect", { id: "workerd-a-b" }],
    ["GET", "/v1.24/containers/a%2Fb/json", "inspect", { id: "a/b" }],
    ["DELETE", "/containers/abc", "remove", { id: "abc" }],
    ["GET", "/images/json", "images", {}],
    ["GET", "/images/cloudflare-dev/app:1a2b/json", "image", { name: "cloudflare-dev/app:1a2b" }],
    ["GET", "/images/cloudflare-dev%2Fapp/json", "image", { name: "cloudflare-dev/app" }],
    ["DELETE", "/images/r.example/a/b@sha256:c", "rmi", { name: "r.example/a/b@sha256:c" }],
  ])("finds the handler of %s %s", (method, path, handler, params) => {
    expect(matchRoute(method, path)).toEqual({
      kind: "found",
      handler,
      params,
    });
  });

  it("tells a wrong method from a wrong path", () => {
    expect(matchRoute("PUT", "/containers/json")).toEqual({
      kind: "no-such-method",
      allowed: ["GET", "DELETE"],
    });
    expect(matchRoute("GET", "/containers/a/b/c")).toEqual({
      kind: "no-such-path",
    });
    expect(matchRoute("GET", "/v1.43")).toEqual({ kind: "no-such-path" });
  });

  it("tells a path that is not encoded as UTF-8", () => {
    expect(matchRoute("GET", "/containers/%ff/json")).toEqual({
      kind: "bad-encoding",
    });
  });

  it("gives back any name that was encoded", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "binary" }), (id) => {
        const path = `/containers/${encodeURIComponent(id)}/json`;
        expect(matchRoute("GET", path)).toEqual({
          kind: "found",
          handler: "inspect",
          params: { id },
        });
      }),
    );
  });

  it("never throws, whatever the path", () => {
    fc.assert(
      fc.property(fc.string(), (path) => {
        expect(matchRoute("GET", path)).toHaveProperty("kind");
      }),
    );
  });
});
