import { ImageError } from "../image-error.ts";

/** What {@link expandWord} needs to know. */
export interface ExpandOptions {
  /** Values of ARG and ENV. */
  readonly variables: Readonly<Record<string, string>>;
  /** The Dockerfile's escape character. */
  readonly escape: string;
  /** For messages. */
  readonly line: number;
  /** Whether quotes and escapes stay, as in a heredoc (default: no). */
  readonly isRaw?: boolean;
}

/**
 * Expands `$NAME`, `${NAME}` with `:-`, `-`, `:+`, `+`, `:?` and `?`, and takes quotes away, as
 * Docker does for the arguments of most instructions.
 *
 * @throws {ImageError} DOCKERFILE_INVALID for an open quote or brace, or by `${NAME:?text}`
 */
export function expandWord(word: string, options: ExpandOptions): string {
  return new WordExpander(word, options).expand();
}

type Quote = "none" | "single" | "double";

class WordExpander {
  readonly #word: string;
  readonly #options: ExpandOptions;
  #at = 0;

  constructor(word: string, options: ExpandOptions) {
    this.#word = word;
    this.#options = options;
  }

  expand(): string {
    return this.#until("");
  }

  #until(end: string): string {
    let quote: Quote = "none";
    let result = "";
    while (this.#at < this.#word.length) {
      const char = this.#word.charAt(this.#at);
      if (char === end && quote === "none") return result;
      const next: Quote = this.#options.isRaw === true ? quote : nextQuote(quote, char);
      if (next !== quote) {
        quote = next;
        this.#at += 1;
        continue;
      }
      result += this.#takeOne(char, quote);
    }
    if (quote !== "none") throw this.#invalid("a quote is not closed");
    if (end !== "") throw this.#invalid("a brace of ${…} is not closed");
    return result;
  }

  #takeOne(char: string, quote: Quote): string {
    if (quote === "single") return this.#take(1);
    if (char === "$") return this.#variable();
    if (char !== this.#options.escape) return this.#take(1);
    const escaped = this.#word.charAt(this.#at + 1);
    // Within double quotes only these lose the escape, as in a shell.
    const isKept = quote === "double" && !['"', "$", this.#options.escape].includes(escaped);
    const text = this.#take(2);
    if (this.#options.isRaw === true) return text;
    return isKept || escaped === "" ? text : escaped;
  }

  #variable(): string {
    this.#at += 1;
    if (this.#word.charAt(this.#at) === "{") return this.#braced();
    const name = /^([A-Za-z_]\w*|[0-9@*#?!$-])/.exec(this.#word.slice(this.#at))?.[0];
    if (name === undefined) return "$";
    this.#at += name.length;
    return this.#valueOf(name) ?? "";
  }

  #braced(): string {
    this.#at += 1;
    const match = /^(\w+)(:?[-+?]|\})?/.exec(this.#word.slice(this.#at));
    const name = match?.[1];
    const operator = match?.[2];
    if (match === null || name === undefined || operator === undefined) {
      throw this.#invalid("only ${NAME}, ${NAME:-word}, ${NAME:+word} and ${NAME:?text} are known");
    }
    this.#at += match[0].length;
    if (operator === "}") return this.#valueOf(name) ?? "";
    const word = this.#until("}");
    this.#at += 1;
    return this.#choose(name, operator, word);
  }

  #choose(name: string, operator: string, word: string): string {
    const value = this.#valueOf(name);
    const isSet = value !== undefined && !(operator.startsWith(":") && value === "");
    if (operator.endsWith("+")) return isSet ? word : "";
    if (isSet) return value;
    if (operator.endsWith("-")) return word;
    throw this.#invalid(`${name} is not set${word === "" ? "" : `: ${word}`}`);
  }

  #valueOf(name: string): string | undefined {
    return Object.hasOwn(this.#options.variables, name) ? this.#options.variables[name] : undefined;
  }

  #take(count: number): string {
    const text = this.#word.slice(this.#at, this.#at + count);
    this.#at += count;
    return text;
  }

  #invalid(reason: string): ImageError {
    const { line } = this.#options;
    return new ImageError(
      "DOCKERFILE_INVALID",
      `Cannot expand line ${line}: ${this.#word}; ${reason}`,
      { line },
    );
  }
}

function nextQuote(quote: Quote, char: string): Quote {
  if (char === "'" && quote !== "double") return quote === "single" ? "none" : "single";
  if (char === '"' && quote !== "single") return quote === "double" ? "none" : "double";
  return quote;
}
