# SPDX-License-Identifier: Apache-2.0
"""One QEMU process and its channels. It ends when this program does, however that happens."""

import contextlib
import ctypes
import json
import os
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

MEMORY = "1024"
CHUNK = 65536
CONSOLE_TAIL = 25
PR_SET_PDEATHSIG = 1


class Missing(Exception):
    """QEMU is not installed."""


class Unusable(Exception):
    """The guest could not be built or started."""


class Died(Exception):
    """The guest ended by itself."""


class Crashed(Died):
    """QEMU was killed by a signal, so the guest is not to blame."""


class TimedOut(Exception):
    """It took longer than it was given."""


def program():
    name = os.environ.get("KARMOR_QEMU") or "qemu-system-x86_64"
    path = shutil.which(name)
    if path is None:
        raise Missing(f'QEMU is not installed: no "{name}"; tests/deps.sh vm installs it')
    return path


def version():
    output = subprocess.run([program(), "--version"], stdout=subprocess.PIPE, check=True, text=True)
    return output.stdout.splitlines()[0]


def machine_options(cpu, smp, icount):
    # KVM is never asked for: it hangs on some hosts, and a guest must behave the same on all.
    options = ["-M", "q35", "-cpu", cpu, "-smp", str(smp), "-m", MEMORY]
    options += ["-display", "none", "-nodefaults", "-no-user-config", "-nic", "none"]
    if icount:
        return options + ["-accel", "tcg", "-icount", "shift=0,sleep=off"]
    return options + ["-accel", "tcg,thread=multi"]


def disk_options(name, path, access):
    image_format = "qcow2" if path.endswith(".qcow2") else "raw"
    drive = f"file={path.replace(',', ',,')},format={image_format},if=none,id={name},{access}"
    return ["-drive", drive, "-device", f"virtio-blk-pci,drive={name}"]


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Machine:
    """Sockets are handed to QEMU already connected, so that nothing is said before somebody listens."""

    def __init__(self, options, scratch, show_console=False):
        self.show_console = show_console
        self.console = b""
        self.lines = b""
        self.process = None
        self.errors = os.path.join(scratch, "qemu-errors")
        self.selector = selectors.DefaultSelector()
        self.sockets = {}
        self.theirs = []
        self.options = [program(), *options, "-device", "virtio-serial-pci", "-device", "virtio-rng-pci"]
        self.options += [*self.channel("console"), "-serial", "chardev:console"]
        for name in ("control", "out", "err"):
            self.options += self.channel(name)
            self.options += ["-device", f"virtserialport,chardev={name},name=karmor.{name}"]
        self.options += [*self.channel("monitor"), "-mon", "chardev=monitor,mode=control"]
        self.scratch = scratch

    def channel(self, name):
        ours, theirs = socket.socketpair()
        self.sockets[name] = ours
        self.theirs.append(theirs)
        if name != "monitor":
            self.selector.register(ours, selectors.EVENT_READ, name)
        return ["-chardev", f"socket,id={name},fd={theirs.fileno()}"]

    def start(self):
        environment = dict(os.environ, TMPDIR=self.scratch)
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                self.options,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env=environment,
                pass_fds=[theirs.fileno() for theirs in self.theirs],
                preexec_fn=die_with_parent,
                # A Ctrl-C is for us, who end QEMU then.
                start_new_session=True,
            )
        for theirs in self.theirs:
            theirs.close()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for ours in self.sockets.values():
            ours.close()
        self.selector.close()

    def send(self, line):
        # A machine that has ended meanwhile is found, and its end explained, by who waits for the answer.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.sockets["control"].sendall(line.encode() + b"\n")

    def wait_for(self, word, seconds):
        """The rest of the control line that begins with word."""
        return self.wait_for_any((word,), seconds)[1]

    def wait_for_any(self, words, seconds):
        """The control line that begins with one of words, and its rest. Copies the guest's output meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            line, separator, rest = self.lines.partition(b"\n")
            if separator:
                self.lines = rest
                said, _, argument = line.decode(errors="replace").partition(" ")
                if said in words:
                    self.drain()
                    return said, argument
                if said == "fault":
                    raise Unusable(f"the guest is not usable: {argument}")
                continue
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimedOut(f"timed out after {seconds:g} seconds")
            if not self.copy(left):
                self.explain_end()

    def copy(self, seconds):
        """Copies what has come on any channel; false when QEMU has closed them."""
        for key, _ in self.selector.select(seconds):
            try:
                data = key.fileobj.recv(CHUNK)
            except ConnectionResetError:
                data = b""
            if data:
                self.take(key.data, data)
            else:
                self.selector.unregister(key.fileobj)
        return "control" in (key.data for key in self.selector.get_map().values())

    def take(self, channel, data):
        if channel == "control":
            self.lines += data
        elif channel == "out":
            write_all(1, data)
        elif channel == "err":
            write_all(2, data)
        else:
            self.console += data
            if self.show_console:
                write_all(2, data)

    def drain(self):
        """The guest's write returns when QEMU has passed the data on, so all that was said is here."""
        while self.selector.select(0):
            self.copy(0)

    def explain_end(self):
        self.drain()
        status = self.process.wait()
        with open(self.errors, "r", encoding="utf-8", errors="replace") as errors:
            said = errors.read().strip()
        if status < 0:
            raise Crashed(f"QEMU died by signal {-status} {said}".rstrip())
        if status > 0:
            raise Unusable(f"QEMU ended with status {status}: {said}")
        console = self.console.decode(errors="replace").replace("\r", "")
        if not self.show_console:
            tail = console.splitlines()[-CONSOLE_TAIL:]
            sys.stderr.write("".join(f"console: {line}\n" for line in tail))
        if self.panicked():
            raise Died("the guest died: kernel panic")
        raise Died("the guest died: it was switched off or reset")

    def panicked(self):
        return b"Kernel panic" in self.console

    def save(self, path):
        """Writes the machine's state, without its disks, and ends it."""
        with self.sockets["monitor"].makefile("rw", encoding="utf-8") as monitor:
            json.loads(monitor.readline())
            command(monitor, "qmp_capabilities")
            command(monitor, "migrate-set-parameters", {"max-bandwidth": 1 << 40})
            command(monitor, "migrate", {"uri": f"exec:cat >{shlex.quote(path)}"})
            while True:
                status = command(monitor, "query-migrate").get("status")
                if status == "completed":
                    break
                if status in ("failed", "cancelled"):
                    raise Unusable("QEMU could not save the guest's state")
                time.sleep(0.05)
            command(monitor, "quit")
        self.process.wait()


def restore_options(path):
    return ["-incoming", f"exec:cat {shlex.quote(path)}"]


def command(monitor, name, arguments=None):
    request = {"execute": name}
    if arguments:
        request["arguments"] = arguments
    monitor.write(json.dumps(request) + "\n")
    monitor.flush()
    while True:
        line = monitor.readline()
        if not line:
            raise Unusable("QEMU ended while its state was saved")
        answer = json.loads(line)
        if "error" in answer:
            raise Unusable(f"QEMU refused {name}: {answer['error']['desc']}")
        if "return" in answer:
            return answer["return"]


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data) :]
