export { EngineError, type EngineErrorCode } from "./engine/engine-error.ts";
export type { EngineLog } from "./engine/engine-log.ts";
export type { Credentials, CredentialSource } from "./engine/engine-registry.ts";
export { startEngine, type Engine, type EngineOptions } from "./engine/start-engine.ts";
