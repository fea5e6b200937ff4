/** A command that cannot be carried out; the text is all that its user sees. */
export class CliError extends Error {
  override readonly name = "CliError";
}
