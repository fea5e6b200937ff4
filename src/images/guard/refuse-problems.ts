import { ImageError } from "../image-error.ts";
import type { ImageProblem } from "./check-image.ts";

/**
 * Ends a push that should not be.
 *
 * @param mode "force": nothing is refused, all is told
 * @returns what to tell the user
 * @throws {ImageError} with the code of the first problem and the text of each
 */
export function refuseProblems(
  problems: readonly ImageProblem[],
  mode: "check" | "force",
): readonly string[] {
  const refused = problems.filter(({ severity }) => severity === "refuse");
  const [first] = refused;
  if (first !== undefined && mode === "check") {
    throw new ImageError(first.code, refused.map(({ text }) => text).join("\n"));
  }
  return problems.map(({ text }) => text);
}
