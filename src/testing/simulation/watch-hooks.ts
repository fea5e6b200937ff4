/** One call of a hook of the user's class. */
export interface HookCall {
  readonly hook: string;
  readonly atMs: number;
  readonly args: readonly unknown[];
}

const HOOKS = ["onStart", "onStop", "onActivityExpired", "onError", "onAlarm", "onBeforeSnapshot"];

/**
 * Notes each call of a hook, wherever its class comes from. What the hook does stays as it is, but
 * that an object whose life is over calls none any more.
 */
export function watchHooks(
  instance: object,
  life: { readonly isDead: boolean },
  onCall: (hook: string, args: readonly unknown[]) => void,
): void {
  for (const name of HOOKS) {
    const hook: unknown = Reflect.get(instance, name);
    if (typeof hook !== "function") continue;
    const value = (...args: unknown[]): unknown => {
      if (life.isDead) return new Promise(() => {});
      onCall(name, args);
      return Reflect.apply(hook, instance, args) as unknown;
    };
    Object.defineProperty(instance, name, { value, configurable: true, writable: true });
  }
}
