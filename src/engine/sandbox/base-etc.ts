import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** What of the host's /etc a container may read. Everything else stays unseen. */
const etcAllowList: readonly string[] = [
  ...["ld.so.cache", "ld.so.conf", "ld.so.conf.d", "nsswitch.conf", "host.conf", "gai.conf"],
  ...["localtime", "timezone", "locale.alias", "locale.conf", "default/locale", "os-release"],
  ...["debian_version", "alpine-release", "redhat-release", "services", "protocols", "rpc"],
  ...["networks", "ethertypes", "mime.types", "magic", "mailcap", "shells", "profile"],
  ...["bash.bashrc", "inputrc", "terminfo", "alternatives", "ssl", "ca-certificates"],
  ...["ca-certificates.conf", "pki/tls", "pki/ca-trust", "crypto-policies", "fonts", "python3"],
  ...["perl", "php", "java-17-openjdk", "java-21-openjdk", "dpkg", "debconf.conf", "xattr.conf"],
  ...["apt/sources.list", "apt/sources.list.d", "apt/trusted.gpg.d", "apt/apt.conf.d"],
];

// Users that Dockerfiles name most: Debian's own and `node`, which the official Node image has.
const users = [
  "root:x:0:0:root:/root:/bin/sh",
  "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
  "bin:x:2:2:bin:/bin:/usr/sbin/nologin",
  "sys:x:3:3:sys:/dev:/usr/sbin/nologin",
  "mail:x:8:8:mail:/var/mail:/usr/sbin/nologin",
  "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin",
  "_apt:x:42:65534::/nonexistent:/usr/sbin/nologin",
  "node:x:1000:1000::/home/node:/bin/sh",
  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
];
const groups = [
  ...["root:x:0:", "daemon:x:1:", "bin:x:2:", "sys:x:3:", "adm:x:4:", "tty:x:5:", "disk:x:6:"],
  ...["mail:x:8:", "www-data:x:33:", "shadow:x:42:", "utmp:x:43:", "staff:x:50:", "users:x:100:"],
  ...["node:x:1000:", "nogroup:x:65534:"],
];

/** Fills a directory with the harmless part of the host's /etc and with synthesized users. */
export function makeBaseEtc(hostEtc: string, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const name of etcAllowList) copyPublic(join(hostEtc, name), join(target, name));
  writeFileSync(join(target, "passwd"), users.map((line) => `${line}\n`).join(""));
  writeFileSync(join(target, "group"), groups.map((line) => `${line}\n`).join(""));
}

/** Copies what every user of the host may read; a file with a password in an address is left out. */
function copyPublic(source: string, target: string): void {
  const stats = lstatSync(source, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (stats.isDirectory()) {
    if ((stats.mode & 0o005) !== 0o005) return;
    mkdirSync(target, { recursive: true });
    for (const name of readdirSync(source)) copyPublic(join(source, name), join(target, name));
    return;
  }
  mkdirSync(join(target, ".."), { recursive: true });
  if (stats.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
  else if (stats.isFile() && (stats.mode & 0o004) !== 0 && !holdsPassword(source, stats.size))
    copyFileSync(source, target);
}

function holdsPassword(file: string, sizeBytes: number): boolean {
  return sizeBytes < 65_536 && /:\/\/[^\s/@]+@/.test(readFileSync(file, "latin1"));
}
