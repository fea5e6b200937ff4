// A container whose app waits for its files: its shell and a program that the object runs beside it
// meet at a FIFO, which whoever comes first makes. Opening a FIFO waits for the other side, so
// neither ever polls.

/**
 * Without mkfifo nobody opens it: that is told by whoever prepares it, for whom the shell waits by
 * what it has built in.
 */
const GATE = `f=$1; shift
[ -p "$f" ] || mkfifo "$f" 2>/dev/null || [ -p "$f" ] || {
  (while :; do :; done) & kill -STOP $!; wait; exit 127
}
read -r _ <"$f"
rm -f "$f"
exec "$@"`;

/** All that is needed later is asked for now: without tar a sleep would lose the files. */
const PREPARE = `f=$1 d=$2
for p in mkfifo tar mkdir rm cat; do command -v "$p" >/dev/null 2>&1 || { echo "$p"; exit 127; }; done
[ -p "$f" ] || mkfifo "$f" || [ -p "$f" ] || exit 1
mkdir -p "$d" || exit 1
`;

const OPEN = `echo >"$f"`;

/** What the image has there goes: else a file that the app had deleted would be back. */
const UNPACK = `rm -rf "$d"/* "$d"/.[!.]* "$d"/..?*
tar -C "$d" -xpf - && cat >/dev/null`;

/** Where both sides meet, a path of one run's own. */
export function gateFile(id: string, run: number): string {
  return `/tmp/.berth-${id}-${run}`;
}

/** What a container runs that lets its app begin once the gate is opened. */
export function gateCommand(file: string, entrypoint: readonly string[]): string[] {
  return ["/bin/sh", "-c", GATE, "berth", file, ...entrypoint];
}

/** Makes the directory, and opens the gate: a first run. */
export function beginCommand(file: string, path: string): string[] {
  return ["/bin/sh", "-c", PREPARE + OPEN, "berth", file, path];
}

/** Unpacks what comes by standard input. The gate stays closed, since that may have been cut short. */
export function unpackCommand(file: string, path: string): string[] {
  return ["/bin/sh", "-c", PREPARE + UNPACK, "berth", file, path];
}

/** Opens the gate. */
export function openCommand(file: string): string[] {
  return ["/bin/sh", "-c", `f=$1; ${OPEN}`, "berth", file];
}

/** Packs the directory to standard output. */
export function packCommand(path: string): string[] {
  return ["tar", "-C", path, "-cf", "-", "."];
}
