import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** Copies programs of this machine and the libraries they need: an image's files for `FROM scratch`. */
export function copyPrograms(directory: string, names: readonly string[]): void {
  for (const name of names) {
    const path = execFileSync("sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" });
    const program = realpathSync(path.trim());
    copyTo(directory, join("/bin", name), program);
    for (const library of librariesOf(program)) copyTo(directory, library, library);
  }
}

function librariesOf(program: string): readonly string[] {
  const text = execFileSync("ldd", [program], { encoding: "utf8" });
  return [...text.matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
}

function copyTo(directory: string, path: string, source: string): void {
  const target = join(directory, path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target);
}
