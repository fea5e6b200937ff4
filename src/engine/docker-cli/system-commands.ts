import { parseFlags, type Command, type FlagSpec } from "./command.ts";
import { formatTemplate } from "./format-template.ts";
import { textAt } from "./json-path.ts";

const formatFlag: FlagSpec = { format: { type: "string", short: "f" } };

/** `docker info`: also how wrangler asks whether an engine runs. */
export const infoCommand: Command = async ({ args, client, print }) => {
  const template = parseFlags(args, formatFlag).value("format");
  const info = await client.json("GET", "/info");
  if (template !== undefined) return print(formatTemplate(template, info));
  print(`Server: berth, the embedded engine, at ${client.host}`);
  for (const name of ["OperatingSystem", "Architecture", "KernelVersion", "DockerRootDir"]) {
    print(` ${name}: ${textAt(info, name)}`);
  }
};

/** `docker version`. */
export const versionCommand: Command = async ({ args, client, print }) => {
  const template = parseFlags(args, formatFlag).value("format");
  const server = await client.json("GET", "/version");
  const version = { Client: { Version: "berth" }, Server: server };
  if (template !== undefined) return print(formatTemplate(template, version));
  print(`Client: berth's docker command\nServer: ${textAt(server, "Version")}`);
  print(` API version: ${textAt(server, "ApiVersion")}`);
};

/** `docker context ls`: one context, the engine. It answers without asking the engine. */
export const contextListCommand: Command = async ({ args, client, print }) => {
  const template = parseFlags(args, formatFlag).value("format") ?? "{{.Name}} {{.DockerEndpoint}}";
  const context = {
    Current: true,
    Description: "berth, the embedded engine",
    DockerEndpoint: client.host,
    Error: "",
    Name: "default",
  };
  print(formatTemplate(template, context));
};
