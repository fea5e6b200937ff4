import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** How Docker's own program is to be called. */
export interface WrapperOptions {
  /** Where to put the wrapper; goes first on the PATH. */
  readonly directory: string;
  /** Docker's own. */
  readonly program: string;
  /** The file to which the tags of builds are written, one a line. */
  readonly tagFile: string;
}

/**
 * Writes a `docker` that builds without buildx and pulls nothing: what it is to pull must be there.
 * The builder of old takes base images that were never in a registry.
 */
export async function writeDockerWrapper(options: WrapperOptions): Promise<void> {
  await mkdir(options.directory, { recursive: true });
  await writeFile(join(options.directory, "docker"), wrapperScript(options), { mode: 0o755 });
}

/** For a POSIX shell. */
function wrapperScript({ program, tagFile }: WrapperOptions): string {
  return `#!/bin/sh
case "$1" in
  pull)
    exec ${quote(program)} image inspect --format '{{.Id}}' "$2"
    ;;
  build)
    previous=
    for word do
      shift
      case "$previous" in -t) printf '%s\\n' "$word" >> ${quote(tagFile)} ;; esac
      previous=$word
      case "$word" in
        --load | --provenance=*) ;;
        *) set -- "$@" "$word" ;;
      esac
    done
    export DOCKER_BUILDKIT=0
    ;;
esac
exec ${quote(program)} "$@"
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
