/** What the engine tells while it works; hand a function of it to `startEngine()` as `log`. */
export type EngineLog =
  | {
      readonly kind: "container-output";
      /** The container's name. */
      readonly container: string;
      /** Its image's reference. */
      readonly image: string;
      readonly stream: "stdout" | "stderr";
      /** One line, or a piece of a very long one. */
      readonly line: string;
    }
  | {
      readonly kind: "container-started" | "container-exited";
      readonly container: string;
      readonly image: string;
      /** 128 + N when signal N ended it. */
      readonly exitCode?: number;
      /** Whether the memory limit ended it. */
      readonly isOutOfMemory?: boolean;
    }
  | { readonly kind: "notice"; readonly message: string }
  | {
      readonly kind: "image-built";
      readonly tag: string;
      readonly imageId: string;
      /** The Dockerfile's text. */
      readonly dockerfile: string;
      /** The build context's directory. */
      readonly contextDir: string;
      /** Values of ARG. */
      readonly buildArgs: Readonly<Record<string, string>>;
      /** Where the Dockerfile is, when it is a file. */
      readonly dockerfilePath?: string;
      /** The stage that was built, when that was said. */
      readonly target?: string;
    };
