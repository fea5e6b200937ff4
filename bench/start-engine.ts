import { request, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Engine, startEngine } from "../src/engine/start-engine.ts";

/** Image of bench/app/server.ts. */
export const APP_IMAGE = "app";

const DOCKERFILE = `FROM node:24
WORKDIR /app
COPY server.ts .
EXPOSE 8080
CMD ["node", "server.ts", "8080"]
`;

/** Starts the built engine, the one that users run, and builds the rigs' image. */
export async function startBenchEngine(): Promise<Engine> {
  const start = await loadStartEngine();
  const engine = await start();
  try {
    await buildAppImage(engine.socketPath);
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

async function loadStartEngine(): Promise<typeof startEngine> {
  const file: string = new URL("../dist/engine.js", import.meta.url).href;
  const loaded: unknown = await import(file);
  if (typeof loaded === "object" && loaded !== null && "startEngine" in loaded) {
    if (typeof loaded.startEngine === "function") return loaded.startEngine as typeof startEngine;
  }
  throw new Error("Cannot find startEngine in dist/engine.js: run npm run build");
}

async function buildAppImage(socketPath: string): Promise<void> {
  const contextDir = fileURLToPath(new URL("app", import.meta.url));
  const tag = `${APP_IMAGE}:latest`;
  const outgoing = request({ socketPath, method: "POST", path: "/berth/build", agent: false });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on("response", resolve).on("error", reject);
  });
  outgoing.end(JSON.stringify({ dockerfile: DOCKERFILE, contextDir, tag, buildArgs: {} }));
  const log = await text(await answer);
  if (!log.includes("imageId")) throw new Error(`Cannot build the image of the rigs: ${log}`);
}
