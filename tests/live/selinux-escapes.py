# SPDX-License-Identifier: Apache-2.0
"""usage: selinux-escapes.py DIRECTORY PID: as a task of a workload, tries to get out of its rules by labels and by others.

DIRECTORY is one that it may write to, with "dir" in it where it may not; PID is a task of no workload. A line for each.
"""
import ctypes
import os
import sys

directory, pid = sys.argv[1], int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
ATTACH, SEIZE = 16, 0x4206
own = f"{directory}/own"


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")


def label(path):
    return os.getxattr(path, "security.selinux").rstrip(b"\0").decode()


def typed(text, of):
    user, role, _, level = text.split(":", 3)
    return f"{user}:{role}:{of}:{level}"


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def relabel(of):
    os.setxattr(own, "security.selinux", typed(label(own), of).encode())


def mount(option):
    check(libc.mount(b"none", directory.encode() + b"/mount", b"tmpfs", 0, f"{option}={label(directory)}".encode()))


def opened(path, flags=os.O_RDONLY):
    os.close(os.open(path, flags))


with open(own, "w"):
    pass
os.makedirs(f"{directory}/mount", exist_ok=True)
os.makedirs(f"{directory}/cgroup", exist_ok=True)
context = open("/proc/self/attr/current").read().rstrip("\0\n")
for name, act in {
    "role-of-exec": lambda: write("/proc/thread-self/attr/exec", context),
    "label-of-files": lambda: write("/proc/thread-self/attr/fscreate", label(own)),
    "label-of-sockets": lambda: write("/proc/thread-self/attr/sockcreate", context),
    "type-of-own-file": lambda: relabel("lib_t"),
    "label-of-mount": lambda: mount("context"),
    "label-of-mount-root": lambda: mount("rootcontext"),
    "trace-others": lambda: check(libc.ptrace(ATTACH, pid, 0, 0)),
    "seize-others": lambda: check(libc.ptrace(SEIZE, pid, 0, 0)),
    "memory-of-others": lambda: opened(f"/proc/{pid}/mem"),
    "memory-of-kernel": lambda: opened("/proc/kcore"),
    "agent-of-cgroups": lambda: check(libc.mount(b"none", directory.encode() + b"/cgroup", b"cgroup", 0, b"none,name=karmor")),
    "helper-of-kernel": lambda: opened("/proc/sys/kernel/core_pattern", os.O_WRONLY),
    "state-of-karmor": lambda: opened("/var/lib/karmor/selinux/state", os.O_RDWR),
    "policies-of-karmor": lambda: opened("/etc/karmor/new", os.O_WRONLY | os.O_CREAT),
    "runtime-of-karmor": lambda: opened("/run/karmor/new", os.O_WRONLY | os.O_CREAT),
    "link-into": lambda: os.link(own, f"{directory}/dir/own"),
    "move-into": lambda: os.rename(own, f"{directory}/dir/own"),
}.items():
    try:
        act()
        print(name, "past", flush=True)
    except OSError as error:
        print(name, os.strerror(error.errno), flush=True)
