#!/usr/bin/env node
import { loadCompiled } from "./cli/load-compiled.ts";

const { main } = await loadCompiled(process.env, () => import("./cli/main.ts"));
await main(process.argv);
