import type { Internet } from "./internet.ts";

/** Stands in where no tool can give pods a route out; says so once. */
export function noInternet(reason: string, log: (message: string) => void): Internet {
  let hasSaid = false;
  return {
    kind: "none",
    connect() {
      if (!hasSaid) log(`Containers have no internet: ${reason}`);
      hasSaid = true;
      return Promise.resolve(false);
    },
    disconnect: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
