import type { Incarnation } from "./incarnation.ts";
import type { CriticalSection } from "./input-gate.ts";
import { nodeModule } from "./node-module.ts";

/** Whose code runs, and in which critical section of it. */
export interface CodeScope {
  readonly life: Incarnation;
  readonly section: CriticalSection | undefined;
}

/** Knows whose code runs, also after it has waited. */
export interface CodeScopes {
  run<Result>(scope: CodeScope | undefined, work: () => Result): Result;
  getStore(): CodeScope | undefined;
}

// One for all worlds, so that what a closed one left behind is known for that.
let scopes: CodeScopes | undefined;

/** The scopes of this isolate. */
export function codeScopes(): CodeScopes {
  scopes ??= newScopes();
  return scopes;
}

function newScopes(): CodeScopes {
  const module = nodeModule("node:async_hooks");
  if (module !== undefined && "AsyncLocalStorage" in module) {
    const { AsyncLocalStorage } = module as { AsyncLocalStorage: new () => CodeScopes };
    return new AsyncLocalStorage();
  }
  throw new Error(
    'Cannot simulate: AsyncLocalStorage is missing; in workerd set the compatibility flag "nodejs_compat"',
  );
}
