import type { Internet } from "./internet.ts";

/** Stands in where no tool can give pods a route out; says so. */
export function noInternet(reason: string, log: (message: string) => void): Internet {
  return {
    kind: "none",
    connect() {
      log(`Containers have no internet: ${reason}`);
      return Promise.resolve(false);
    },
    disconnect: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
