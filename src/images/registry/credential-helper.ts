import { execFile } from "node:child_process";

import { ImageError } from "../image-error.ts";
import type { Credentials } from "./credentials.ts";
import { toRegistryHost } from "./reference.ts";

/** Whom a helper is asked about. */
export interface HelperQuestion {
  /** "pass" for `docker-credential-pass`. */
  readonly helper: string;
  readonly registryHost: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long it may take (default: 30_000): it may ask its user for a password. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
const OUTPUT_LIMIT_BYTES = 1024 * 1024;
const HUB_KEY = "https://index.docker.io/v1/";
/** Written in place of a name for an identity token. */
const TOKEN_NAME = "<token>";

/**
 * Asks a credential helper, as Docker does.
 *
 * @returns undefined when it knows none
 * @throws {ImageError} CREDENTIALS_FAILED when it is not there, fails or takes too long
 */
export async function askCredentialHelper(
  question: HelperQuestion,
): Promise<Credentials | undefined> {
  const answer = await runHelper(question, "get", keyOf(question.registryHost));
  if (answer === undefined) return undefined;
  const { Username: username, Secret: secret } = parseAnswer(answer, question);
  if (typeof secret !== "string" || secret === "") return undefined;
  if (username === TOKEN_NAME) return { kind: "identity-token", token: secret };
  const name = typeof username === "string" ? username : "";
  return { kind: "basic", username: name, password: secret };
}

/**
 * Gives credentials to a credential helper to keep.
 *
 * @throws {ImageError} CREDENTIALS_FAILED
 */
export async function storeByCredentialHelper(
  question: HelperQuestion,
  credentials: Credentials,
): Promise<void> {
  const isBasic = credentials.kind === "basic";
  const input = {
    ServerURL: keyOf(question.registryHost),
    Username: isBasic ? credentials.username : TOKEN_NAME,
    Secret: isBasic ? credentials.password : credentials.token,
  };
  await runHelper(question, "store", JSON.stringify(input));
}

/** @returns its output; undefined when it says that it has nothing */
function runHelper(
  question: HelperQuestion,
  action: "get" | "store",
  input: string,
): Promise<string | undefined> {
  const { helper, env, timeoutMs = TIMEOUT_MS } = question;
  if (!/^[\w.-]+$/.test(helper)) throw failed(question, "its name is none");
  const options = {
    env,
    timeout: timeoutMs,
    maxBuffer: OUTPUT_LIMIT_BYTES,
    encoding: "utf8",
  } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(`docker-credential-${helper}`, [action], options, (error, out, err) => {
      if (error === null) return resolve(out);
      const told = `${out}${err}`;
      if (/credentials not found|no credentials server url/i.test(told)) return resolve(undefined);
      const isLate = error.killed === true;
      reject(
        failed(question, isLate ? `it takes more than ${timeoutMs} ms` : reasonOf(error, err)),
      );
    });
    child.stdin?.on("error", () => undefined); // it may end without reading; its exit code tells
    child.stdin?.end(input);
  });
}

/** Only what it wrote to stderr: what it wrote to stdout may be a secret. */
function reasonOf(error: Error & { readonly code?: unknown }, stderr: string): string {
  if (error.code === "ENOENT") return "it is not installed";
  const text = stderr
    .replaceAll(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 300);
  return `it ends with ${String(error.code)}${text === "" ? "" : `: ${text}`}`;
}

function parseAnswer(text: string, question: HelperQuestion): Readonly<Record<string, unknown>> {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === "object" && answer !== null) return { ...answer };
  } catch {
    // Said below; the parser's error would quote the secret.
  }
  throw failed(question, "it answers with no JSON object");
}

function failed({ helper, registryHost }: HelperQuestion, reason: string): ImageError {
  return new ImageError(
    "CREDENTIALS_FAILED",
    `Cannot ask docker-credential-${helper} about ${registryHost}: ${reason}; ` +
      "mend it, or take it out of Docker's config.json",
  );
}

function keyOf(registryHost: string): string {
  const isHub = toRegistryHost(registryHost) === toRegistryHost("docker.io");
  return isHub ? HUB_KEY : registryHost;
}
