import { describe, expect, it } from "vitest";

import { resolveUser } from "../../../src/engine/sandbox/container-user.ts";

const files = {
  passwd: "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/app:/bin/sh\n99:x:7:8::/:/bin/sh\n",
  group: "root:x:0:\nwheel:x:10:root,app\napps:x:1001:\naudio:x:29:app\n",
};

describe("resolveUser()", () => {
  it.each([
    [undefined, { uid: 0, gid: 0, groups: [10] }],
    ["", { uid: 0, gid: 0, groups: [10] }],
    ["root", { uid: 0, gid: 0, groups: [10] }],
    ["app", { uid: 1000, gid: 1001, groups: [10, 29] }],
    ["1000", { uid: 1000, gid: 1001, groups: [10, 29] }],
    ["app:audio", { uid: 1000, gid: 29, groups: [] }],
    ["1000:5", { uid: 1000, gid: 5, groups: [] }],
    ["4242", { uid: 4242, gid: 0, groups: [] }],
    ["99", { uid: 7, gid: 8, groups: [] }],
  ])("resolves %j as Docker does", (user, expected) => {
    expect(resolveUser(user, files)).toEqual(expected);
  });

  it("works without account files", () => {
    const none = { passwd: undefined, group: undefined };
    expect(resolveUser(undefined, none)).toEqual({ uid: 0, gid: 0, groups: [] });
    expect(() => resolveUser("app", none)).toThrow(/USER_UNKNOWN.*"app".*which is empty/);
  });

  it("names the unknown group and those that there are", () => {
    expect(() => resolveUser("app:ghosts", files)).toThrow(/group "ghosts".*wheel/);
  });
});
