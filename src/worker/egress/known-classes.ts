import type { OutboundStatics } from "./outbound-class.ts";

// The proxy runs outside of the object, mostly in the same isolate: there it finds the class here.
const classes = new Map<string, OutboundStatics>();

/** Notes a class, by the name under which the Worker exports it. */
export function rememberClass(exportName: string, statics: OutboundStatics): void {
  classes.set(exportName, statics);
}

/** The class of that name; undefined where none of its objects has been made in this isolate. */
export function knownClass(exportName: string | undefined): OutboundStatics | undefined {
  return exportName === undefined ? undefined : classes.get(exportName);
}
