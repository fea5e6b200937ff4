import { resolve } from "node:path";

import { Option, type Command } from "commander";

import { toBuildOptions, type RawBuildFlags } from "./build-options.ts";
import { common, keep, pushChecks, withCommon, withPushChecks, withKeep } from "./shared-flags.ts";
import type { RawCommonFlags, RawPushCheckFlags, RawKeepFlags } from "./shared-flags.ts";
import type { Compression, ImageActions } from "./image-options.ts";
import { parsePlatform, parseUnusedFor } from "./parse-flags.ts";

/** What {@link defineImageCommands} needs. */
export interface ImageCommandScope {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly actions: ImageActions;
  /** Told the exit code of the command that ran. */
  readonly onExitCode: (exitCode: number) => void;
}

/** Adds `berth images …` to the command line. */
export function defineImageCommands(program: Command, scope: ImageCommandScope): void {
  const images = program
    .command("images")
    .description("build, push, list and delete container images without Docker");
  defineBuild(images, scope);
  defineMoving(images, scope);
  defineLooking(images, scope);
  defineDeleting(images, scope);
  defineFiles(images, scope);
}

/** An option that may be given any number of times. */
function repeatable(flags: string, text: string, shownDefault = "none"): Option {
  const add = (value: string, list: string[]): string[] => [...list, value];
  return new Option(flags, `${text} (repeatable)`).argParser(add).default([], shownDefault);
}

function platformOption(): Option {
  return new Option("--platform <os/architecture>", "what it runs on").default("linux/amd64");
}

function compressionOption(): Option {
  const text = "how new layers are packed; zstd needs Node 22.15";
  return new Option("--compression <kind>", text).choices(["gzip", "zstd"]).default("gzip");
}

const buildContextHelp =
  "another name for FROM and --from: a directory, oci-layout://PATH or docker-image://REFERENCE";

function defineBuild(images: Command, { cwd, env, actions, onExitCode }: ImageCommandScope): void {
  const command = images
    .command("build")
    .description("build an image from a Dockerfile; push it with -p")
    .argument("<path>", "the directory whose files the Dockerfile copies")
    .addOption(repeatable("-t, --tag <name:tag>", "a name", "the directory's name"))
    .option("-p, --push", "push it: to Cloudflare's registry, or to the one that the tag names")
    .option("-f, --file <Dockerfile>", "the Dockerfile (default: PATH/Dockerfile)")
    .addOption(platformOption())
    .addOption(
      repeatable("--build-arg <name=value>", "a value for ARG; NAME alone: the environment's"),
    )
    .option("--target <stage>", "the stage to build (default: the last)")
    .addOption(repeatable("--build-context <name=source>", buildContextHelp))
    .addOption(repeatable("--secret <id=ID,src=PATH>", "a file for RUN --mount=type=secret"))
    .addOption(
      new Option("--network <kind>", "what RUN may reach")
        .choices(["none", "default"])
        .default("none"),
    )
    .addOption(compressionOption())
    .option("--no-cache", "carry out every step again")
    .option("--pull", "look up again in its registry what FROM names by a tag")
    .addOption(
      new Option("--builder <kind>", "build with an installed Docker or Podman").choices([
        "docker",
        "podman",
      ]),
    )
    .option("-o, --output <path>", "write an OCI layout: a directory, or an archive (PATH.tar)");
  withCommon(withPushChecks(command)).action(async (path: string, flags: RawBuildFlags) => {
    onExitCode(await actions.build(toBuildOptions(path, flags, { cwd, env })));
  });
}

function defineMoving(images: Command, { cwd, actions, onExitCode }: ImageCommandScope): void {
  const push = images
    .command("push")
    .description("push an image: what the registry has is not sent again")
    .argument("<image>", "a name or id of the store")
    .argument("[reference]", "where to (default: Cloudflare's registry, or the name's own)")
    .addOption(compressionOption());
  type PushFlags = RawCommonFlags & RawPushCheckFlags & { readonly compression: Compression };
  withCommon(withPushChecks(push)).action(
    async (image: string, reference: string | undefined, flags: PushFlags) => {
      const { compression } = flags;
      const options = { ...common(flags, cwd), ...pushChecks(flags, cwd), compression };
      onExitCode(await actions.push({ ...options, image, reference }));
    },
  );
  const pull = images
    .command("pull")
    .description("pull an image from a registry into the store")
    .argument("<reference>", "registry/repository:tag, or by its @sha256:…")
    .option("-t, --tag <name:tag>", "a name besides the reference")
    .addOption(platformOption());
  type PullFlags = RawCommonFlags & { readonly tag?: string; readonly platform: string };
  withCommon(pull).action(async (reference: string, flags: PullFlags) => {
    const platform = parsePlatform(flags.platform);
    const options = { ...common(flags, cwd), reference, tag: flags.tag, platform };
    onExitCode(await actions.pull(options));
  });
}

function defineLooking(images: Command, { cwd, actions, onExitCode }: ImageCommandScope): void {
  const list = images
    .command("list")
    .alias("ls")
    .description("list the images of the store, or the tags of a repository")
    .option(
      "--remote <host/repository>",
      "list a repository's tags; with a host alone, its repositories",
    );
  withCommon(list).action(async (flags: RawCommonFlags & { readonly remote?: string }) => {
    onExitCode(await actions.list({ ...common(flags, cwd), remote: flags.remote }));
  });
  const inspect = images
    .command("inspect")
    .description("show an image's configuration and layers")
    .argument("<image>", "a name or id of the store, or a reference with --remote")
    .option("--remote", "look in the registry, without pulling the layers")
    .option("--files", "list the ten largest files");
  type InspectFlags = RawCommonFlags & { readonly remote?: true; readonly files?: true };
  withCommon(inspect).action(async (image: string, flags: InspectFlags) => {
    const { remote, files } = flags;
    const asked = { isRemote: remote === true, isFilesShown: files === true };
    onExitCode(await actions.inspect({ ...common(flags, cwd), ...asked, image }));
  });
}

function defineDeleting(images: Command, { cwd, actions, onExitCode }: ImageCommandScope): void {
  const remove = images
    .command("delete")
    .alias("rm")
    .description("delete an image that nothing uses, here or in its registry")
    .argument("<image>", "a name or id of the store, or a reference with --remote")
    .option("--remote", "delete from the registry")
    .option("--force", "delete what is in use too");
  type DeleteFlags = RawCommonFlags &
    RawKeepFlags & { readonly remote?: true; readonly force?: true };
  withCommon(withKeep(remove)).action(async (image: string, flags: DeleteFlags) => {
    const asked = { isRemote: flags.remote === true, isForced: flags.force === true };
    const options = { ...common(flags, cwd), ...keep(flags, cwd), ...asked, image };
    onExitCode(await actions.delete(options));
  });
  const prune = images
    .command("prune")
    .description("say what nothing uses, in the store or a repository; delete it with --yes")
    .option("-y, --yes", "delete it")
    .option("--unused-for <duration>", "of the store: what nothing has used for this long", "1h")
    .option("--remote <repository>", "look in a repository of a registry instead");
  type PruneFlags = RawCommonFlags &
    RawKeepFlags & { readonly yes?: true; readonly unusedFor: string; readonly remote?: string };
  withCommon(withKeep(prune)).action(async (flags: PruneFlags) => {
    const { yes, unusedFor, remote } = flags;
    const asked = { isConfirmed: yes === true, unusedForMs: parseUnusedFor(unusedFor), remote };
    onExitCode(await actions.prune({ ...common(flags, cwd), ...keep(flags, cwd), ...asked }));
  });
}

function defineFiles(images: Command, { cwd, actions, onExitCode }: ImageCommandScope): void {
  const load = images
    .command("load")
    .description("load images from an OCI layout or archive, or from docker save's")
    .argument("<file>", "a directory or an archive")
    .addOption(platformOption());
  withCommon(load).action(
    async (file: string, flags: RawCommonFlags & { readonly platform: string }) => {
      const platform = parsePlatform(flags.platform);
      onExitCode(await actions.load({ ...common(flags, cwd), path: resolve(cwd, file), platform }));
    },
  );
  const save = images
    .command("save")
    .description("write an image as an OCI layout: a directory, or an archive (.tar)")
    .argument("<image>", "a name or id of the store")
    .requiredOption("-o, --output <path>", "where to")
    .addOption(compressionOption());
  type SaveFlags = RawCommonFlags & { readonly output: string; readonly compression: Compression };
  withCommon(save).action(async (image: string, flags: SaveFlags) => {
    const output = resolve(cwd, flags.output);
    const { compression } = flags;
    onExitCode(await actions.save({ ...common(flags, cwd), image, output, compression }));
  });
}
