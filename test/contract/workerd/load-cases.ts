import { bundle } from "./bundle.ts";

/** A claim of the contract, as far as Node can tell it: the rest runs in workerd. */
export interface LoadedCase {
  readonly title: string;
  readonly phases: readonly unknown[];
  readonly expected: readonly unknown[];
}

/** Reads the claims, whose code is of workerd's world. */
export async function loadCases(): Promise<readonly LoadedCase[]> {
  const code = await bundle("cases.ts", "worker");
  const url = `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`;
  const module = (await import(url)) as { readonly cases: readonly LoadedCase[] };
  return module.cases;
}
