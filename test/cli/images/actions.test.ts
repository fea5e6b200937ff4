import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { buildAction } from "../../../src/cli/images/build-action.ts";
import { deleteAction } from "../../../src/cli/images/delete-action.ts";
import { loadAction, saveAction } from "../../../src/cli/images/file-actions.ts";
import { inspectAction } from "../../../src/cli/images/inspect-action.ts";
import { listAction } from "../../../src/cli/images/list-action.ts";
import { printLoad, printPull, printSave } from "../../../src/cli/images/print/print-arrived.ts";
import { printBuild } from "../../../src/cli/images/print/print-build.ts";
import { printDelete } from "../../../src/cli/images/print/print-delete.ts";
import { printInspect } from "../../../src/cli/images/print/print-inspect.ts";
import { printList } from "../../../src/cli/images/print/print-list.ts";
import { printPrune } from "../../../src/cli/images/print/print-prune.ts";
import { printPush } from "../../../src/cli/images/print/print-push.ts";
import { pruneAction } from "../../../src/cli/images/prune-action.ts";
import { pullAction } from "../../../src/cli/images/pull-action.ts";
import { pushAction } from "../../../src/cli/images/push-action.ts";
import type { ImageUse } from "../../../src/images/guard/find-users.ts";
import { ImageError } from "../../../src/images/image-error.ts";
import { defaults, digestOf, ociImage, ScopeFixture } from "./scope-fixture.ts";

const { common, push, keep, build } = defaults;
const platform = { os: "linux", architecture: "amd64" };

function useOf(reference: string): ImageUse {
  const wants = { kind: "reference", reference } as const;
  return { by: "wrangler.jsonc, container App", breaks: "the next deployment fails", wants };
}

let fixture: ScopeFixture;
beforeEach(async () => {
  fixture = await ScopeFixture.open();
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe("buildAction()", () => {
  it("builds and packs under every tag, and pushes nothing unasked", async () => {
    const report = await buildAction({ ...build, tags: ["app:1", "app:2"] }, fixture.scope);
    expect(report).toMatchObject({
      tags: ["app:1", "app:2"],
      digest: digestOf("f"),
      packedBytes: 2000,
      layers: [{ digest: digestOf("a") }, { digest: digestOf("b") }],
      pushes: [],
    });
    expect((await fixture.store.get("app:2"))?.id).toBe(report.id);
    expect(fixture.remote.calls).toEqual([]);
    expect(printBuild(report)).toEqual([
      "image   app:1, app:2",
      `id      ${report.id}`,
      `digest  ${digestOf("f")}`,
      "size    0 B unpacked, 2.00 kB packed in 2 layers",
    ]);
  });

  it("pushes each tag to its registry, or to Cloudflare's", async () => {
    const tags = ["app:1", "localhost:5000/app:2"] as const;
    const report = await buildAction({ ...build, tags, isPushed: true }, fixture.scope);
    expect(fixture.remote.calls).toEqual([
      "look ahead at registry.example/account/app:1",
      "look ahead at localhost:5000/app:2",
      "push registry.example/account/app:1",
      "push localhost:5000/app:2",
    ]);
    expect(printBuild(report).slice(4, 10)).toEqual([
      "pushed  registry.example/account/app:1",
      "sent    2.00 kB in 2 blobs, 1 already there",
      `uri     registry.example/account/app@${digestOf("f")}`,
      "",
      "To use it, write in the configuration (or give --write):",
      `image = "registry.example/account/app@${digestOf("f")}"`,
    ]);
  });

  it("tells of a build that failed, not of where it would have gone", async () => {
    fixture.remote.toTarget = () => Promise.reject(new Error("not logged in"));
    const builder = { build: () => Promise.reject(new Error("line 3")) };
    const built = buildAction({ ...build, isPushed: true }, { ...fixture.scope, builder });
    await expect(built).rejects.toThrow("line 3");
  });

  it("tells where it cannot go once it is built", async () => {
    fixture.remote.toTarget = () => Promise.reject(new Error("not logged in"));
    const built = buildAction({ ...build, isPushed: true }, fixture.scope);
    await expect(built).rejects.toThrow("not logged in");
    expect(fixture.remote.calls).toEqual([]);
  });

  it("writes a layout with every name", async () => {
    const options = { ...build, tags: ["app:1", "b:2"] as const, output: "/out.tar" };
    const report = await buildAction(options, fixture.scope);
    expect(fixture.written).toEqual(["/out.tar: app:1 b:2"]);
    expect(printBuild(report)).toContain("wrote   /out.tar");
  });
});

describe("pushAction()", () => {
  it("checks before it pushes, and tells what it was told", async () => {
    await fixture.makeImage("app:1");
    fixture.guards.warnings = ["app exposes no port"];
    const report = await pushAction({ ...push, image: "app:1" }, fixture.scope);
    expect(fixture.guards.checked).toMatchObject([
      { target: "registry.example/account/app:1", isForced: false },
    ]);
    expect(fixture.lines).toEqual(["warning: app exposes no port"]);
    expect(report).toMatchObject({ warnings: ["app exposes no port"], sentBytes: 2000 });
  });

  it("sends nothing of an image that a guard rail refuses", async () => {
    await fixture.makeImage("app:1");
    fixture.guards.refusal = new ImageError("IMAGE_TOO_LARGE", "Cannot run app:1 on lite");
    const pushed = pushAction({ ...push, image: "app:1", reference: "r.io/app:9" }, fixture.scope);
    await expect(pushed).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
    expect(fixture.remote.calls).toEqual(["look ahead at r.io/app:9"]);
  });

  it("names the images that there are when it has not the one", async () => {
    await fixture.makeImage("other:1");
    const pushed = pushAction({ ...push, image: "app:1" }, fixture.scope);
    await expect(pushed).rejects.toThrow(
      /\[NO_SUCH_IMAGE\] Cannot find image: app:1 .*there are other:1$/,
    );
  });

  it("says what became of the configuration", async () => {
    await fixture.makeImage("app:1");
    const report = await pushAction({ ...push, image: "app:1" }, fixture.scope);
    const written = { kind: "written", path: "/w.jsonc" } as const;
    expect(printPush({ ...report, config: written }).at(-1)).toBe("config  /w.jsonc uses it now");
    expect(printPush({ ...report, config: { kind: "none" } }).at(-1)).toMatch(/^uri /);
  });
});

describe("pullAction()", () => {
  it("names what came by its reference, and by the tag that was asked for", async () => {
    fixture.remote.put("r.io/app", "1", ociImage("d", ["a"]));
    const options = { ...common, reference: "r.io/app:1", tag: "mine:1", platform };
    const report = await pullAction(options, fixture.scope);
    expect(report).toMatchObject({ digest: digestOf("d"), tags: ["mine:1", "r.io/app:1"] });
    expect(printPull(report)).toEqual([
      "image   mine:1, r.io/app:1",
      `id      ${report.id}`,
      "size    0 B unpacked",
      `digest  ${digestOf("d")}`,
    ]);
  });
});

describe("listAction()", () => {
  it("lists the store, a line for each name", async () => {
    const { id } = await fixture.makeImage("app:1");
    await fixture.store.tag(id, "app:2");
    const report = await listAction({ ...common, remote: undefined }, fixture.scope);
    expect(printList(report)).toEqual([
      "IMAGE  ID            CREATED           SIZE",
      expect.stringMatching(/^app:1 {2}[0-9a-f]{12} {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}0 B$/),
      expect.stringMatching(/^app:2 /),
    ]);
  });

  it.each([
    ["r.io", ["r.io/app", "r.io/team/web"]],
    ["localhost:5000", ["localhost:5000/x"]],
    ["r.io/app", ["r.io/app:1", "r.io/app:2"]],
    ["web", ["registry.example/account/web:9"]],
  ])("lists what %s has", async (remote, expected) => {
    const image = ociImage("d", []);
    fixture.remote.put("r.io/app", "1", image);
    fixture.remote.put("r.io/app", "2", image);
    fixture.remote.put("r.io/team/web", "1", image);
    fixture.remote.put("localhost:5000/x", "1", image);
    fixture.remote.put("registry.example/account/web", "9", image);
    expect(printList(await listAction({ ...common, remote }, fixture.scope))).toEqual(expected);
  });
});

describe("inspectAction()", () => {
  const inspect = { ...common, isRemote: false, isFilesShown: false };

  it("shows what the store knows", async () => {
    const { id } = await fixture.makeImage("app:1");
    const report = await inspectAction({ ...inspect, image: id }, fixture.scope);
    expect(printInspect(report)).toEqual([
      "image       app:1",
      `id          ${id}`,
      expect.stringMatching(/^created {5}\d{4}-/),
      "size        0 B, complete",
      'entrypoint  ["/app"]',
      "directory   /",
      "ports       8080",
      "env         NAME=app:1",
      "",
      "Layers, lowest first",
    ]);
  });

  it("shows what a registry knows", async () => {
    fixture.remote.put("r.io/app", "1", ociImage("d", ["a", "b"]));
    const options = { ...inspect, image: "r.io/app:1", isRemote: true };
    const report = await inspectAction(options, fixture.scope);
    expect(report).toMatchObject({ digest: digestOf("d"), packedBytes: 2000 });
    expect(printInspect(report)).toContain('    "architecture": "amd64"');
  });
});

describe("deleteAction()", () => {
  const remove = { ...keep, isRemote: false, isForced: false };

  it("takes a name away, and leaves the image to its others", async () => {
    const { id } = await fixture.makeImage("app:1");
    await fixture.store.tag(id, "app:2");
    const report = await deleteAction({ ...remove, image: "app:1" }, fixture.scope);
    expect(printDelete(report)).toEqual(["deleted app:1 from the store"]);
    expect((await fixture.store.get("app:2"))?.id).toBe(id);
    expect(await fixture.store.get("app:1")).toBeUndefined();
  });

  it.each(["app", "app:latest", "id"])("refuses %s of which a name is used", async (text) => {
    const { id } = await fixture.makeImage("app:latest");
    fixture.guards.uses = { uses: [useOf("app:latest")], unknown: [] };
    const image = text === "id" ? id : text;
    const deleted = deleteAction({ ...remove, image }, fixture.scope);
    await expect(deleted).rejects.toThrow(/\[IMAGE_IN_USE\][\s\S]*wrangler.jsonc, container App/);
    expect(await fixture.store.get("app:latest")).toBeDefined();
  });

  it("minds the use of the name that is asked for alone", async () => {
    const { id } = await fixture.makeImage("app:1");
    await fixture.store.tag(id, "app:2");
    fixture.guards.uses = { uses: [useOf("app:2")], unknown: [] };
    await deleteAction({ ...remove, image: "app:1" }, fixture.scope);
    expect((await fixture.store.get(id))?.tags).toEqual(["app:2"]);
  });

  it("deletes what is used when it is forced to, and says what breaks", async () => {
    await fixture.makeImage("app:1");
    fixture.guards.uses = { uses: [useOf("app:1")], unknown: [] };
    const options = { ...remove, image: "app:1", isForced: true };
    expect(printDelete(await deleteAction(options, fixture.scope))).toEqual([
      "deleted app:1 from the store",
      expect.stringMatching(/^ {2}breaks: .*the next deployment fails/),
    ]);
  });

  it("deletes from a registry", async () => {
    fixture.remote.put("r.io/app", "1", ociImage("d", ["a"]));
    const options = { ...remove, image: "r.io/app:1", isRemote: true };
    const report = await deleteAction(options, fixture.scope);
    expect(report).toMatchObject({ digest: digestOf("d"), sizeBytes: 3000, from: "registry" });
    expect(fixture.remote.calls).toEqual([`delete r.io/app@${digestOf("d")}`]);
  });

  it.each([
    ["its tag", "r.io/app:1"],
    ["its digest", digestOf("d")],
    ["digest and repository", `r.io/app@${digestOf("d")}`],
  ])("refuses what a registry has and something uses by %s", async (_name, reference) => {
    fixture.remote.put("r.io/app", "1", ociImage("d", ["a"]));
    fixture.guards.uses = { uses: [useOf(reference)], unknown: [] };
    const options = { ...remove, image: "r.io/app:1", isRemote: true };
    await expect(deleteAction(options, fixture.scope)).rejects.toMatchObject({
      code: "IMAGE_IN_USE",
    });
    expect(fixture.remote.calls).toEqual([]);
  });

  it("refuses what a Worker version uses by another tag of the same manifest", async () => {
    for (const tag of ["1", "0a1b2c3d"]) fixture.remote.put("r.io/app", tag, ociImage("d", ["a"]));
    const versionId = "0a1b2c3d-0000-4000-8000-000000000000";
    const use = { by: `version ${versionId}`, breaks: "a rollback to it fails" };
    const uses = [{ ...use, wants: { kind: "version", versionId } as const }];
    fixture.guards.uses = { uses, unknown: [] };
    const options = { ...remove, image: "r.io/app:1", isRemote: true };
    await expect(deleteAction(options, fixture.scope)).rejects.toThrow(
      /\[IMAGE_IN_USE\] Cannot delete r\.io\/app:1, 0a1b2c3d:[\s\S]*a rollback to it fails/,
    );
    expect(fixture.remote.calls).toEqual([]);
  });

  it("refuses where the other tags are not to be had, unless it is forced", async () => {
    fixture.remote.put("r.io/app", "1", ociImage("d", ["a"]));
    fixture.remote.listTags = () => Promise.reject(new Error("not allowed"));
    const options = { ...remove, image: "r.io/app:1", isRemote: true };
    await expect(deleteAction(options, fixture.scope)).rejects.toThrow(
      /nobody says which other tags it has: not allowed/,
    );
    const report = await deleteAction({ ...options, isForced: true }, fixture.scope);
    expect(report.broken).toEqual([expect.stringMatching(/not allowed/)]);
  });

  it("refuses when nobody can say what is deployed", async () => {
    fixture.remote.put("r.io/app", "1", ociImage("d", ["a"]));
    fixture.guards.uses = { uses: [], unknown: ["wrangler does not say which: not logged in"] };
    const options = { ...remove, image: "r.io/app:1", isRemote: true };
    await expect(deleteAction(options, fixture.scope)).rejects.toThrow(/not logged in/);
  });
});

describe("pruneAction()", () => {
  const prune = { ...keep, remote: "r.io/app", isConfirmed: false, unusedForMs: 0 };

  beforeEach(() => {
    fixture.remote.put("r.io/app", "1", ociImage("d", ["a", "b"]));
    fixture.remote.put("r.io/app", "one", ociImage("d", ["a", "b"]));
    fixture.remote.put("r.io/app", "2", ociImage("e", ["a"]));
    fixture.guards.uses = { uses: [useOf("r.io/app:2")], unknown: [] };
  });

  it("says what of a repository would go, and deletes nothing", async () => {
    const report = await pruneAction(prune, fixture.scope);
    expect(printPrune(report)).toEqual([
      "kept r.io/app:2: wrangler.jsonc, container App (the next deployment fails)",
      "would delete from r.io/app:",
      "  4.00 kB  r.io/app:1",
      "2.00 kB would be free; delete it with --yes",
    ]);
    expect(fixture.remote.calls).toEqual([]);
  });

  it("deletes it once confirmed", async () => {
    const report = await pruneAction({ ...prune, isConfirmed: true }, fixture.scope);
    expect(fixture.remote.calls).toEqual([`delete r.io/app@${digestOf("d")}`]);
    expect(printPrune(report).at(-1)).toBe("2.00 kB are free");
    expect(await fixture.remote.listTags("r.io/app")).toEqual(["2"]);
  });

  it("leaves in the store what the keep file names by its digest", async () => {
    const { store } = fixture;
    const [kept, gone] = await Promise.all(
      ["kept", "gone"].map((text) => store.blobs.write(Buffer.from(text))),
    );
    const digest = kept?.digest ?? "";
    const use = { by: "keep, line 1", breaks: "it is to be kept" };
    const uses = [{ ...use, wants: { kind: "reference", reference: `r.io/x@${digest}` } as const }];
    fixture.guards.uses = { uses, unknown: [] };
    const options = { ...prune, remote: undefined, isConfirmed: true };
    const report = await pruneAction(options, fixture.scope);
    expect(report.removed).toEqual([{ name: `blob ${gone?.digest}`, sizeBytes: 4 }]);
    expect(printPrune(report)[0]).toBe(`kept blob ${digest}: keep, line 1 (it is to be kept)`);
    expect(await store.blobs.stat(digest)).toBe(4);
  });

  it("keeps all when nobody can say what is deployed", async () => {
    fixture.guards.uses = { uses: [], unknown: ["wrangler does not say"] };
    const report = await pruneAction({ ...prune, isConfirmed: true }, fixture.scope);
    expect(report.removed).toEqual([]);
    expect(printPrune(report).at(-1)).toBe("nothing in r.io/app is unused");
  });
});

describe("loadAction() and saveAction()", () => {
  it("loads every image of a layout", async () => {
    const report = await loadAction({ ...common, path: "/x.tar", platform }, fixture.scope);
    expect(printLoad(report).filter((line) => line.startsWith("image"))).toEqual([
      "image   loaded:1",
      "image   loaded:2",
    ]);
    expect(printLoad({ path: "/x.tar", images: [] })).toEqual(["/x.tar holds no image"]);
  });

  it("saves an image with its names", async () => {
    await fixture.makeImage("app:1");
    const options = { ...common, image: "app:1", output: "/o", compression: "gzip" } as const;
    const report = await saveAction(options, fixture.scope);
    expect(fixture.written).toEqual(["/o: app:1"]);
    expect(printSave(report)).toEqual(["wrote   /o", `digest  ${digestOf("f")}`]);
  });
});
