# SPDX-License-Identifier: Apache-2.0
"""Directories that are built once and named by a digest of what went into them.

An entry appears whole or not at all; two programs that want the same one build it once.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time

KEEP_UNUSED = 14 * 24 * 3600


def root():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("KARMOR_VM_CACHE") or os.path.join(base, "karmor-vm")


def digest(texts=(), files=()):
    state = hashlib.sha256()
    for text in texts:
        state.update(text.encode() + b"\0")
    for path in sorted(files):
        with open(path, "rb") as source:
            state.update(hashlib.sha256(source.read()).digest())
    return state.hexdigest()[:16]


@contextlib.contextmanager
def locked(name):
    path = os.path.join(root(), "locks", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def remove_unused(folder):
    """Other checkouts share the cache, so an entry goes by its last use and not by its name."""
    oldest = time.time() - KEEP_UNUSED
    for entry in os.scandir(folder):
        if entry.stat().st_mtime < oldest:
            shutil.rmtree(entry.path, ignore_errors=True)


def get(kind, name, key, build):
    """The directory KIND/NAME@KEY, made by build(directory) if it is not there yet."""
    entry = f"{name}@{key}"
    folder = os.path.join(root(), kind)
    path = os.path.join(folder, entry)
    if os.path.isdir(path):
        os.utime(path)
        return path
    with locked(f"{kind}-{entry}"):
        if os.path.isdir(path):
            return path
        os.makedirs(folder, exist_ok=True)
        unfinished = tempfile.mkdtemp(prefix=".", dir=folder)
        try:
            build(unfinished)
            os.chmod(unfinished, 0o755)
            os.rename(unfinished, path)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        remove_unused(folder)
    return path


@contextlib.contextmanager
def scratch():
    """A directory for one run. Those of runs that were killed are removed by the next."""
    folder = os.path.join(root(), "runs")
    os.makedirs(folder, exist_ok=True)
    with locked("runs"):
        for entry in os.listdir(folder):
            remove_if_stale(os.path.join(folder, entry))
        path = tempfile.mkdtemp(dir=folder)
        lock = open_lock(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        lock.close()


def open_lock(path):
    lock = open(os.path.join(path, "lock"), "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise
    return lock


def remove_if_stale(path):
    try:
        lock = open_lock(path)
    except OSError:
        return
    shutil.rmtree(path, ignore_errors=True)
    lock.close()
