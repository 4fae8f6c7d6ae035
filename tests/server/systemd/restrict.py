#!/usr/bin/env python3
"""Runs a program under the restrictions of a systemd unit, without systemd: systemd.exec(5) says what each of them means.

restrict.py [--writable DIR]... [--listen PATH] UNIT PROGRAM [ARGUMENT]...

A key of [Service] that it knows no way for is an error: nothing in the unit goes untested unseen. The rules for devices, which are a control group's,
are a /dev with nothing else in it."""

import ctypes
import os
import re
import shutil
import socket
import stat
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)

# How systemd runs the service, and not what the service may.
NOT_RESTRICTIONS = """Type NotifyAccess ExecStart KillSignal RestartKillSignal KillMode SuccessExitStatus Restart RestartSec RestartPreventExitStatus
    TimeoutStopSec WatchdogSec RuntimeDirectoryPreserve LimitNOFILE SystemCallErrorNumber DeviceAllow""".split()
ERRNO = {"EPERM": 1, "EAFNOSUPPORT": 97, "ENOSYS": 38}


def read_unit(path):
    """{key: [value, ...]} of [Service]."""
    section, keys = None, {}
    for line in open(path, encoding="utf-8"):
        line = line.strip()
        if line.startswith("["):
            section = line
        elif line and line[0] not in "#;" and section == "[Service]":
            key, value = line.split("=", 1)
            keys.setdefault(key, []).append(value)
    return keys


def words(unit, key):
    return [word for value in unit.get(key, []) for word in value.split()]


def call(name, result):
    if result < 0:
        number = ctypes.get_errno() or -result
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


# ---- mounts ----

MS_RDONLY, MS_BIND, MS_MOVE, MS_REC, MS_SLAVE = 1, 4096, 8192, 16384, 1 << 19
CLONE_NEWNS = 0x00020000
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1


def mount(source, target, kind=None, flags=0, data=None):
    encode = lambda text: text.encode() if text else None  # noqa: E731
    call(f"mount {target}", libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data)))


def set_read_only(path, on, recursive=True):
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY if on else 0, 0 if on else MOUNT_ATTR_RDONLY, 0, 0)
    flags = AT_RECURSIVE if recursive else 0
    call(f"mount_setattr {path}", libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), flags, attributes, ctypes.sizeof(attributes)))


def hide(path):
    if os.path.isdir(path) and not os.path.islink(path):
        mount("none", path, "tmpfs", MS_RDONLY, "mode=000")
    elif os.path.exists(path):
        mount("/dev/null", path, flags=MS_BIND)


def own_directories(unit):
    """Those that systemd makes; what isn't there yet is made in memory, and not on the host's disk."""
    made = []
    for key, top in ("StateDirectory", "/var/lib"), ("LogsDirectory", "/var/log"), ("RuntimeDirectory", "/run"):
        for name in words(unit, key):
            made.append(f"{top}/{name}")
            if top != "/run" and not os.path.isdir(made[-1]):
                mount("none", top, "tmpfs")
            os.makedirs(made[-1], 0o755, exist_ok=True)
    return made


def close_devices(unit):
    """/dev with what DevicePolicy=closed leaves, and what DeviceAllow adds."""
    staging = "/tmp/dev"
    os.mkdir(staging)
    mount("none", staging, "tmpfs", 0, "mode=755")
    allowed = [value.split()[0] for value in unit.get("DeviceAllow", [])]
    for device in [f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")] + allowed:
        place = staging + device[len("/dev"):]
        os.makedirs(os.path.dirname(place), exist_ok=True)
        open(place, "w", encoding="ascii").close()
        mount(device, place, flags=MS_BIND)
    set_read_only(staging, True, recursive=False)
    mount(staging, "/dev", flags=MS_MOVE)
    os.rmdir(staging)


def restrict_files(unit, writable):
    assert unit.pop("ProtectSystem") == ["strict"] and unit.pop("PrivateTmp") == ["yes"] and unit.pop("ProtectHome") == ["yes"]
    assert unit.pop("DevicePolicy") == ["closed"] and unit.pop("ProtectControlGroups") == ["yes"]
    call("unshare", libc.unshare(CLONE_NEWNS))
    mount("none", "/", flags=MS_REC | MS_SLAVE)
    writable = writable + own_directories(unit)
    for key in "StateDirectory", "LogsDirectory", "RuntimeDirectory":
        unit.pop(key)
    for path in writable:
        mount(path, path, flags=MS_BIND)
    set_read_only("/", True)
    for path in writable + ["/proc", "/sys", "/dev"]:
        set_read_only(path, False)
    for path in "/tmp", "/var/tmp":
        if not any(f"{w}/".startswith(f"{path}/") for w in writable):
            mount("none", path, "tmpfs", 0, "mode=1777")
    for path in "/home", "/root", "/run/user", "/usr/lib/modules", "/proc/kmsg":
        hide(path)
    if os.path.isdir("/sys/fs/cgroup"):
        mount("/sys/fs/cgroup", "/sys/fs/cgroup", flags=MS_BIND | MS_REC)
        set_read_only("/sys/fs/cgroup", True)
    close_devices(unit)
    os.chdir("/")


# ---- capabilities ----

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 24, 38, 47, 2


def capability_numbers():
    text = open("/usr/include/linux/capability.h", encoding="ascii").read()
    return {name: int(number) for name, number in re.findall(r"#define (CAP_[A-Z_]+)\s+(\d+)\n", text)}


def restrict_capabilities(unit, numbers):
    bounding = {numbers[name] for name in words(unit, "CapabilityBoundingSet")}
    ambient = {numbers[name] for name in words(unit, "AmbientCapabilities")}
    last = int(open("/proc/sys/kernel/cap_last_cap", encoding="ascii").read())
    for number in range(last + 1):
        if number not in bounding:
            call("drop", libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0))
    mask, kept = sum(1 << n for n in bounding), sum(1 << n for n in ambient)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)(mask & 0xFFFFFFFF, mask & 0xFFFFFFFF, kept & 0xFFFFFFFF, mask >> 32, mask >> 32, kept >> 32)
    call("capset", libc.capset(header, data))
    for number in ambient:
        call("ambient", libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0))
    assert unit.pop("NoNewPrivileges") == ["yes"]
    call("no new privileges", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    del unit["CapabilityBoundingSet"], unit["AmbientCapabilities"]


# ---- system calls ----

ALLOW, EQ, GT, MASKED_EQ, NE = 0x7FFF0000, 4, 6, 7, 1
GROUPS = {}


def errno_action(name):
    return 0x00050000 | ERRNO[name]


class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    def __init__(self, default):
        seccomp.seccomp_init.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(default)))

    def rule(self, action, name, *compares):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number < 0:  # not of this architecture
            return
        array = (Compare * len(compares))(*[Compare(*c) for c in compares])
        call(f"rule for {name}", seccomp.seccomp_rule_add_array(self.context, ctypes.c_uint32(action), number, len(compares), array))

    def load(self):
        call("seccomp", seccomp.seccomp_load(self.context))


def expand(names):
    """System calls in a list that may hold groups, @name."""
    found = set()
    for name in names:
        if name.startswith("@"):
            if name not in GROUPS:
                said = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True).stdout
                GROUPS[name] = [line.strip() for line in said.split("\n")[1:] if line.strip() and "#" not in line]
            found |= expand(GROUPS[name])
        else:
            found.add(name)
    return found


def allowed_calls(unit):
    allowed = expand(["@default"])
    for value in unit["SystemCallFilter"]:
        if value.startswith("~"):
            allowed -= expand(value[1:].split())
        else:
            allowed |= expand(value.split())
    return allowed


def families_filter(unit):
    families = [getattr(socket, name) for name in words(unit, "RestrictAddressFamilies")]
    f = Filter(ALLOW)
    for family in range(max(families) + 1):
        if family not in families:
            f.rule(errno_action("EAFNOSUPPORT"), "socket", (0, EQ, family, 0))
    f.rule(errno_action("EAFNOSUPPORT"), "socket", (0, GT, max(families), 0))
    return f


def namespaces_filter(unit):
    flags = {"cgroup": 0x02000000, "uts": 0x04000000, "ipc": 0x08000000, "user": 0x10000000, "pid": 0x20000000, "net": 0x40000000, "mnt": 0x00020000}
    allowed = words(unit, "RestrictNamespaces")
    f = Filter(ALLOW)
    f.rule(errno_action("ENOSYS"), "clone3")  # its flags lie in memory
    f.rule(errno_action("EPERM"), "setns", (1, EQ, 0, 0))
    for name, flag in flags.items():
        if name not in allowed:
            f.rule(errno_action("EPERM"), "unshare", (0, MASKED_EQ, flag, flag))
            f.rule(errno_action("EPERM"), "clone", (0, MASKED_EQ, flag, flag))
            f.rule(errno_action("EPERM"), "setns", (1, MASKED_EQ, flag, flag))
    return f


def set_id_filter(_unit):
    f = Filter(ALLOW)
    for bit in stat.S_ISUID, stat.S_ISGID:
        for name, arg in ("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1), ("mkdirat", 2), ("mknod", 1), ("mknodat", 2), ("creat", 1):
            f.rule(errno_action("EPERM"), name, (arg, MASKED_EQ, bit, bit))
        for name, arg in ("open", 1), ("openat", 2):
            f.rule(errno_action("EPERM"), name, (arg, MASKED_EQ, os.O_CREAT, os.O_CREAT), (arg + 1, MASKED_EQ, bit, bit))
    f.rule(errno_action("ENOSYS"), "openat2")
    return f


def write_execute_filter(_unit):
    f = Filter(ALLOW)
    f.rule(errno_action("EPERM"), "mmap", (2, MASKED_EQ, 6, 6))
    for name in "mprotect", "pkey_mprotect":
        f.rule(errno_action("EPERM"), name, (2, MASKED_EQ, 4, 4))
    f.rule(errno_action("EPERM"), "shmat", (2, MASKED_EQ, 0o100000, 0o100000))
    return f


def realtime_filter(_unit):
    f = Filter(ALLOW)
    for policy in 1, 2, 6:  # FIFO, RR, DEADLINE
        f.rule(errno_action("EPERM"), "sched_setscheduler", (1, EQ, policy, 0))
    return f


def personality_filter(_unit):
    f = Filter(ALLOW)
    f.rule(errno_action("EPERM"), "personality", (0, NE, 0, 0))
    return f


def denying(*names):
    def make(_unit):
        f = Filter(ALLOW)
        for name in sorted(expand(names)):
            f.rule(errno_action("EPERM"), name)
        return f

    return make


# Each a filter of its own, as systemd does it. What more these say of files and capabilities is true already.
FILTERS = {
    "RestrictAddressFamilies": families_filter,
    "RestrictNamespaces": namespaces_filter,
    "RestrictRealtime": realtime_filter,
    "RestrictSUIDSGID": set_id_filter,
    "LockPersonality": personality_filter,
    "MemoryDenyWriteExecute": write_execute_filter,
    "ProtectKernelModules": denying("@module"),
    "ProtectKernelLogs": denying("syslog"),
    "ProtectClock": denying("@clock"),
    "ProtectHostname": denying("sethostname", "setdomainname"),
}


def filters(unit):
    made = []
    for key, make in FILTERS.items():
        if key in unit:
            assert make in (families_filter, namespaces_filter) or unit[key] == ["yes"], key
            made.append(make(unit))
            del unit[key]
    assert unit.pop("SystemCallArchitectures") == ["native"]  # as a filter is anyway
    last = Filter(errno_action(unit["SystemCallErrorNumber"][0]))
    for name in sorted(allowed_calls(unit)):
        last.rule(ALLOW, name)
    del unit["SystemCallFilter"]
    return made + [last]


# ---- all ----


def listen(path):
    """The socket unit's part."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(128)
    os.dup2(listener.fileno(), 3, inheritable=True)
    os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="overlayd.socket")
    listener.detach()


def main(arguments):
    writable, path = [], None
    while arguments[0].startswith("--"):
        option, value = arguments.pop(0), arguments.pop(0)
        if option == "--writable":
            os.makedirs(value, exist_ok=True)
            writable.append(value)
        else:
            path = value
    unit = read_unit(arguments.pop(0))
    program = os.open(shutil.which(arguments[0]), os.O_RDONLY | os.O_CLOEXEC)
    program = os.dup2(program, 100, inheritable=False)
    loaded = filters(unit)
    numbers = capability_numbers()
    if path:
        listen(path)
    restrict_files(unit, writable)
    restrict_capabilities(unit, numbers)
    unknown = set(unit) - set(NOT_RESTRICTIONS)
    assert not unknown, f"not known here: {unknown}"
    for each in loaded:
        each.load()
    os.execve(program, arguments, os.environ)


if __name__ == "__main__":
    main(sys.argv[1:])
