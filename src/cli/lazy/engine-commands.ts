// All that needs the engine's code.
export { openBuildSandbox } from "../images/open-build-sandbox.ts";
export { runDev } from "../run-dev.ts";
export { runEngine } from "../run-engine.ts";
