import { randomBytes } from "node:crypto";

import { EngineError } from "../engine-error.ts";
import { ExecSession, type ExecPlan } from "./exec-session.ts";

/** Docker forgets an exec five minutes after its end. */
const KEPT_AFTER_END_MS = 5 * 60_000;

/** The engine's execs by id. */
export class ExecTable {
  readonly #byId = new Map<string, ExecSession>();

  /** Makes an exec. */
  create(plan: Omit<ExecPlan, "id">): ExecSession {
    this.#forgetOld();
    const session = new ExecSession({
      ...plan,
      id: randomBytes(32).toString("hex"),
    });
    this.#byId.set(session.plan.id, session);
    return session;
  }

  /** @throws {EngineError} NO_SUCH_EXEC when there is none of this id */
  get(id: string): ExecSession {
    const session = this.#byId.get(id);
    if (session !== undefined) return session;
    throw new EngineError("NO_SUCH_EXEC", `Cannot find exec: no such exec instance: ${id}`);
  }

  /** Forgets the execs of a container that is gone. */
  forgetContainer(containerId: string): void {
    for (const [id, session] of this.#byId) {
      if (session.plan.containerId === containerId) this.#byId.delete(id);
    }
  }

  #forgetOld(): void {
    const oldestMs = Date.now() - KEPT_AFTER_END_MS;
    for (const [id, session] of this.#byId) {
      if ((session.finishedAtMs ?? Infinity) < oldestMs) this.#byId.delete(id);
    }
  }
}
