// Two parts and no more: what the bundler splits by each `import()`, a short command loads in as
// many pieces, and a piece costs more than what is in it.

/** Loads what needs the engine's code. */
export function loadEngineCommands(): Promise<typeof import("./engine-commands.ts")> {
  return import("./engine-commands.ts");
}

/** Loads what needs wrangler's configuration. */
export function loadConfigCommands(): Promise<typeof import("./config-commands.ts")> {
  return import("./config-commands.ts");
}
