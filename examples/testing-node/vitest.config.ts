import { simulation } from "@berth/containers/testing";
import { defineConfig } from "vitest/config";

export default defineConfig({ plugins: [simulation()] });
