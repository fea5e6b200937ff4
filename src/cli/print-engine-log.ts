import type { EngineLog } from "../engine/engine-log.ts";
import { instanceName } from "./instance-name.ts";
import { painterOf, type Palette } from "./palette.ts";

/** Where lines go. */
export interface LineSink {
  readonly stdout: (line: string) => void;
  readonly stderr: (line: string) => void;
}

/** Makes a function that prints what the engine tells, each instance in a colour of its own. */
export function createLogPrinter(sink: LineSink, palette: Palette): (event: EngineLog) => void {
  const prefix = (container: string): string => {
    const name = instanceName(container);
    return painterOf(name, palette)(`[${name}]`);
  };
  const say = (text: string): void => sink.stderr(`${palette.dim("berth:")} ${text}`);
  return (event) => {
    switch (event.kind) {
      case "container-output":
        return sink[event.stream](`${prefix(event.container)} ${event.line}`);
      case "container-started":
        return sink.stderr(`${prefix(event.container)} started (${event.image})`);
      case "container-exited":
        return sink.stderr(`${prefix(event.container)} ${toExitText(event)}`);
      case "image-built":
        return say(`built ${event.tag} (${event.imageId.slice(0, 19)})`);
      case "notice":
        return say(event.message);
    }
  };
}

function toExitText(event: {
  readonly exitCode?: number;
  readonly isOutOfMemory?: boolean;
}): string {
  if (event.isOutOfMemory === true) {
    return "ended: out of memory; raise instance_type in the wrangler configuration";
  }
  return event.exitCode === undefined ? "ended" : `ended with exit code ${event.exitCode}`;
}
