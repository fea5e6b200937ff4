/** What an attacker inside a container is told about the host, to make it easy. */
export interface HostSecrets {
  readonly secretFile: string;
  readonly socketFile: string;
  readonly abstractSocket: string;
  readonly tcpPort: number;
  readonly enginePid: number;
  readonly otherWritableDir: string;
  /** Major and minor of the disk that holds the secret. */
  readonly device: readonly [number, number];
}

/** One attempt: a script that prints `ESCAPED` when it gets through, and always `tried`. */
export interface EscapeAttempt {
  readonly name: string;
  readonly script: string;
}

/** The text that must never be seen inside. */
export const secretText = "host-secret-7d1f";

const attempt = (name: string, script: string): EscapeAttempt => ({
  name,
  script: `${script}\necho tried`,
});

/** Prints ESCAPED when a command succeeds. */
const fails = (command: string): string => `if ${command}; then echo ESCAPED; fi`;
/** Prints ESCAPED when a command prints the secret. */
const hides = (command: string): string =>
  `if (${command}) 2>/dev/null | grep -q ${secretText}; then echo ESCAPED; fi`;
/** Connects with Node; prints ESCAPED when that works. */
const connects = (target: string): string =>
  `node -e 'require("net").connect(${target}).on("connect",()=>{console.log("ESCAPED");process.exit()}).on("error",e=>console.log(e.code))'`;
/** Makes a system call with Perl; prints ESCAPED unless it fails. */
const syscall = (args: string): string =>
  `perl -e 'my $s = "x" x 64; my $r = syscall(${args}); print $r == -1 ? "errno $!\\n" : "ESCAPED\\n"'`;

/**
 * Watches for processes that may still gain rights, as those that other commands are about to become,
 * and tries to get at them. That right is only ever given up, so who still has it afterwards had it
 * during the attempt.
 */
const grabsStarters = `perl -e '
sub privileged { open my $f, "<", "/proc/$_[0]/status" or return 0; join("", <$f>) =~ /NoNewPrivs:\\s*0/ }
my $until = time + 2;
while (time < $until) {
  for my $pid (map { /(\\d+)$/ } glob "/proc/[0-9]*") {
    next unless privileged($pid);
    my @got = grep { defined(readlink "/proc/$pid/$_") || open(my $f, "+<", "/proc/$pid/$_") } "root", "cwd", "mem", map { "fd/$_" } 0..12;
    my $traced = syscall(101, 16, $pid, 0, 0) == 0;
    print "ESCAPED $pid @got $traced\\n" if (@got or $traced) and privileged($pid);
    syscall(101, 17, $pid, 0, 0) if $traced;
  }
}'`;

/** All attempts. None does harm should it succeed. */
export function escapeAttempts(host: HostSecrets): readonly EscapeAttempt[] {
  const [major, minor] = host.device;
  return [
    ...deviceAttempts(major, minor),
    ...mountAttempts(host),
    ...fileAttempts(host),
    ...processAttempts(host),
    ...kernelAttempts(),
    ...networkAttempts(host),
  ];
}

const deviceAttempts = (major: number, minor: number): readonly EscapeAttempt[] => [
  attempt(
    "makes a block device of the host's disk",
    fails(`mknod /tmp/disk b ${major} ${minor} && head -c1 /tmp/disk`),
  ),
  attempt("makes a character device of the host's memory", fails("mknod /tmp/mem c 1 1")),
  attempt(
    "opens raw disks and memory in /dev",
    fails(
      "cat /dev/vda /dev/sda /dev/nvme0n1 /dev/mem /dev/kmem /dev/port 2>/dev/null | head -c1 | grep -q .",
    ),
  ),
  attempt("opens the engine's terminal", fails("(exec 3<>/dev/tty) 2>/dev/null")),
  attempt("opens the kernel's log", fails("head -c1 /dev/kmsg")),
];

const mountAttempts = (host: HostSecrets): readonly EscapeAttempt[] => [
  attempt("mounts a file system", fails("mount -t tmpfs none /mnt")),
  attempt("mounts the host's disk", fails("mount -t ext4 /dev/vda /mnt")),
  attempt("makes /proc/sys writable", fails("mount -o remount,rw /proc/sys")),
  attempt(
    "makes the engine's Node writable",
    fails(
      "mount -o remount,rw /opt/node/bin/node || touch /opt/node/bin/node 2>/dev/null && test -w /opt/node/bin/evil",
    ),
  ),
  attempt(
    "unmounts a mask of /proc",
    fails("umount /proc/timer_list || umount /proc/keys || umount /sys"),
  ),
  attempt("pivots back to the host's root", fails("pivot_root / /mnt")),
  attempt("enters the mount namespace of pid 1", fails("nsenter --mount=/proc/1/ns/mnt true")),
  attempt(
    "unmasks /proc in a user namespace",
    `${fails("unshare -Urm umount /proc/timer_list")}\n${fails("unshare -Urpfm mount -t proc proc /mnt")}`,
  ),
  attempt(
    "makes read-only mounts writable in a user namespace",
    fails("unshare -Urm mount -o remount,rw,bind /proc/sys"),
  ),
  attempt(
    "mounts the host's disk in a user namespace",
    fails("unshare -Urm mount -t ext4 /dev/vda /mnt"),
  ),
  attempt(
    "sets a release_agent",
    fails(
      `unshare -UrmC sh -c 'mount -t cgroup -o memory c /mnt && echo /tmp/x >/mnt/release_agent && test -s /mnt/release_agent' || echo /x > /sys/fs/cgroup/memory/release_agent`,
    ),
  ),
  attempt(
    "reads cgroup files of the host",
    fails("ls /sys/fs/cgroup/* || cat /sys/kernel/uevent_helper"),
  ),
  attempt(
    "reads the secret through an overlay in a user namespace",
    hides(`unshare -Urm sh -c "mount -t overlay o -o lowerdir=/ /mnt; cat /mnt${host.secretFile}"`),
  ),
];

const fileAttempts = (host: HostSecrets): readonly EscapeAttempt[] => [
  attempt("reads a host file by its path", hides(`cat ${host.secretFile}`)),
  attempt(
    "reads a host file through pid 1",
    hides(
      `cat /proc/1/root${host.secretFile} /proc/1/cwd${host.secretFile} /proc/self/root${host.secretFile}`,
    ),
  ),
  attempt("reads a host file through a link in the image", hides("cat /app/link-to-secret")),
  attempt(
    "reads the host's accounts and keys",
    fails(
      "cat /etc/shadow /etc/gshadow /etc/machine-id /etc/ssh/* /root/.ssh/* /root/.bash_history 2>/dev/null | grep -q .",
    ),
  ),
  attempt(
    "finds the old root or the pod's directory",
    fails("ls -d /old /pod /newroot /pre 2>/dev/null | grep -q ."),
  ),
  attempt(
    "lists the host's homes and working directories",
    fails(
      "ls -A /home /root /mnt /srv /tmp /work 2>/dev/null | grep -v -e : -e '^$' -e node -e marker | grep -q .",
    ),
  ),
  attempt(
    "reads another instance's files",
    hides(`cat ${host.otherWritableDir}/tmp/other /tmp/other /dev/shm/other`),
  ),
  attempt(
    "breaks out of chroot",
    `mkdir -p /opt/jail
perl -e 'chroot "/opt/jail" or die "chroot: $!\\n"; chdir ".." for 1..64; chroot "."; exec "/bin/sh", "-c", q(
  cat ${host.secretFile} 2>/dev/null | grep -q ${secretText} && echo ESCAPED
  for f in /etc/ld.so.preload /pod/launch /pod/prepare /usr/bin/berth-evil /evil; do (echo x >>$f) 2>/dev/null && { echo ESCAPED $f; rm -f $f; }; done
  unshare -Urm umount /pre/proc/timer_list && echo ESCAPED
  unshare -Urpfm mount -t proc proc /old && echo ESCAPED
  unshare -Urm mount -o remount,rw,bind /usr && echo ESCAPED
  unshare -UrmC sh -c "mount -t cgroup -o memory c /old && echo /x >/old/release_agent" && echo ESCAPED
  unshare -Urm sh -c "cat /old/*" && echo ESCAPED)'
ls /tmp >/dev/null`,
  ),
  attempt("opens a file by handle", syscall("304, -100, $s, 0")),
  attempt(
    "writes to the host's programs",
    "echo x >/usr/bin/berth-evil; echo x >/opt/berth-evil; echo x >/etc/berth-evil",
  ),
];

const processAttempts = (host: HostSecrets): readonly EscapeAttempt[] => [
  attempt("gets at what starts other commands", grabsStarters),
  attempt("signals the engine", fails(`kill -0 ${host.enginePid}`)),
  attempt(
    "sees processes of the host",
    fails(
      "grep -l -a -e 'vites[t]' -e 'pod/mai[n]' -e 'escape-runne[r]' /proc/[0-9]*/cmdline 2>/dev/null | grep -q .",
    ),
  ),
  attempt("traces the engine", syscall(`101, 16, ${host.enginePid}, 0, 0`)),
  attempt("reads the engine's environment", hides("env; cat /proc/[0-9]*/environ")),
  attempt(
    "finds file descriptors of the engine",
    `ls -l /proc/1/fd | grep -v -e total -e pipe && echo ESCAPED
for fd in /proc/1/fd/* /proc/$$/fd/*; do
  case $fd in */0|*/1|*/2) ;; *) [ ! -L $fd ] || { echo ESCAPED; ls -l $fd; } ;; esac
done`,
  ),
  attempt(
    "regains capabilities",
    fails(
      "grep -q -i 'CapBnd:.*00000000800425fb' /proc/self/status && ! grep -q 'NoNewPrivs:.*1' /proc/self/status || capsh --has-p=cap_sys_admin 2>/dev/null",
    ),
  ),
];

const kernelAttempts = (): readonly EscapeAttempt[] => [
  attempt("uses the magic system request", fails("echo h >/proc/sysrq-trigger")),
  attempt("writes the core pattern", fails("echo core >/proc/sys/kernel/core_pattern")),
  attempt("writes a network setting of the host", fails("echo 1 >/proc/sys/net/ipv4/ip_forward")),
  attempt(
    "reads the kernel's memory and keys",
    fails(
      "cat /proc/kcore /proc/keys /proc/kallsyms /proc/timer_list /proc/sched_debug 2>/dev/null | head -c1 | grep -q .",
    ),
  ),
  attempt("loads a module", syscall("175, $s, 1, $s")),
  attempt("reboots", syscall("169, 0xfee1dead, 672274793, 0, 0")),
  attempt("changes the host name", fails("hostname evil || echo evil >/proc/sys/kernel/hostname")),
  attempt("changes the clock", fails("date -s @1000000000")),
  attempt(
    "changes kernel settings in /sys",
    fails("(echo x >/sys/x) || ls /sys/kernel/debug /sys/firmware | grep -q ."),
  ),
  attempt(
    "raises its own memory limit",
    fails(
      "find / -xdev -name 'memory.limit_in_bytes' -o -xdev -name memory.max 2>/dev/null | grep -q .",
    ),
  ),
];

const networkAttempts = (host: HostSecrets): readonly EscapeAttempt[] => [
  attempt("connects to a socket file of the host", connects(`${JSON.stringify(host.socketFile)}`)),
  attempt(
    "connects to an abstract socket of the host",
    `perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); print connect(S, pack("S a*", AF_UNIX, "\\0${host.abstractSocket}")) ? "ESCAPED" : "errno $!", "\\n"'`,
  ),
  attempt("connects to the host's loopback", connects(`{host:"127.0.0.1",port:${host.tcpPort}}`)),
  attempt("has an interface besides loopback", fails("grep -v -e lo: -e '|' /proc/net/dev")),
  attempt(
    "changes its own network",
    fails("ip link add evil type veth || ip addr add 10.9.9.9/8 dev lo"),
  ),
];
