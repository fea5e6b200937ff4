#!/usr/bin/env node
import { keepCompiledCode } from "./cli/keep-compiled-code.ts";

keepCompiledCode(process.env);
// After it, so that all of it is kept.
const { main } = await import("./cli/main.ts");
await main(process.argv);
