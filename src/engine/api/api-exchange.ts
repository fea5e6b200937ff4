import type { Duplex, Readable } from "node:stream";

import type { JsonObject } from "./json-fields.ts";
import type { Route } from "./router.ts";

/** A request as handlers see it. */
export interface ApiRequest {
  /** Decoded path parameters. */
  readonly params: Readonly<Record<string, string>>;
  /** Decoded query. */
  readonly query: URLSearchParams;
  /** The body, unread. */
  readonly body: Readable;
  /** Whether the client asked to take the connection over (`Upgrade: tcp`). */
  readonly isUpgrade: boolean;
  /** Reads the body as a JSON object; an empty body is `{}`. */
  json(): Promise<JsonObject>;
}

/** What a handler answers. */
export type ApiAnswer =
  | { readonly kind: "json"; readonly status: number; readonly body: unknown }
  | { readonly kind: "empty"; readonly status: number }
  | {
      readonly kind: "text";
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The headers go at once, the body when it is known. */
  | {
      readonly kind: "later";
      readonly status: number;
      readonly body: Promise<unknown>;
    }
  | {
      readonly kind: "stream";
      readonly status: number;
      readonly contentType: string;
      readonly body: Readable;
    }
  /** The connection is the handler's after a 101 (or a 200 when no upgrade was asked for). */
  | {
      readonly kind: "hijack";
      readonly contentType: string;
      readonly serve: (connection: Duplex) => void;
    };

/** Answers one endpoint; a thrown `EngineError` becomes its status and `{ message }`. */
export type ApiHandler = (request: ApiRequest) => Promise<ApiAnswer> | ApiAnswer;

/** An endpoint of the engine. */
export type ApiRoute = Route<ApiHandler>;
