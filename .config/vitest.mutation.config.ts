import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Literal cases first: most mutants die by them, and histories take longer. */
class LiteralFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isHistory = ({ moduleId }: TestSpecification): number =>
      Number(moduleId.endsWith("transition.test.ts"));
    return files.toSorted((one, other) => isHistory(one) - isHistory(other));
  }
}

// What Stryker runs against each mutant: the tests of the core and its errors, in Node.
export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    include: ["test/core/**/*.test.ts", "test/errors/**/*.test.ts"],
    environment: "node",
    setupFiles: [".config/same-histories.ts"],
    sequence: { sequencer: LiteralFirst },
    reporters: [{}], // Stryker tells what came of them
  },
});
