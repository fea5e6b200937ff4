import type { ContainerRuntime } from "../ports/container-runtime.ts";

/** Those that know of a run's environment, and may tell of it when they fail. */
const TELLING = new Set<string | symbol>(["start", "monitor", "exec"]);

/**
 * A runtime whose errors show no secrets: what it says of a start may hold all that the start was
 * given, and goes to logs, to `onError` and to callers.
 *
 * @param redact takes secrets out of an error's words
 */
export function redactingRuntime(
  runtime: ContainerRuntime,
  redact: (error: unknown) => unknown,
): ContainerRuntime {
  return new Proxy(runtime, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (!TELLING.has(name)) return member.bind(target) as unknown;
      return (...args: unknown[]) => redacted(() => Reflect.apply(member, target, args), redact);
    },
  });
}

function redacted(call: () => unknown, redact: (error: unknown) => unknown): unknown {
  const fail = (error: unknown): never => {
    throw redact(error);
  };
  try {
    const result = call();
    return result instanceof Promise ? result.catch(fail) : result;
  } catch (error) {
    return fail(error);
  }
}
