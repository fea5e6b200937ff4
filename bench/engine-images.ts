import { request, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

interface ImageSummary {
  readonly Id: string;
  readonly RepoTags: readonly string[];
}

/** The images that an engine has, by its Docker API. */
export class EngineImages {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Lists the ids of all. */
  async list(): Promise<ReadonlySet<string>> {
    return new Set((await this.#summaries()).map(({ Id }) => Id));
  }

  /** Removes all but some. */
  async removeAllBut(kept: ReadonlySet<string>): Promise<void> {
    for (const { Id, RepoTags } of await this.#summaries()) {
      if (kept.has(Id)) continue;
      for (const name of RepoTags.length === 0 ? [Id] : RepoTags)
        await this.#ask("DELETE", `/images/${name}`);
    }
  }

  async #summaries(): Promise<readonly ImageSummary[]> {
    return JSON.parse(await this.#ask("GET", "/images/json")) as readonly ImageSummary[]; // Docker's
  }

  async #ask(method: string, path: string): Promise<string> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ socketPath: this.#socketPath, method, path, agent: false })
        .on("response", resolve)
        .on("error", reject)
        .end();
    });
    const body = await text(answer);
    if (answer.statusCode === 200) return body;
    throw new Error(`Cannot ask the engine for ${method} ${path}: ${answer.statusCode} ${body}`);
  }
}
