#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: selinux-start.py NAME APP PROGRAM label|none [ARGUMENT]...

Asks karmord for the label of a workload, prints it, and becomes PROGRAM under it (none: under its own), which has the time
before all that, in nanoseconds, as BEGUN.
"""

import json
import os
import socket
import sys
import time


def call(method, **parameters):
    """One call of karmord's socket: what it answers."""
    peer = socket.socket(socket.AF_UNIX)
    peer.connect("/run/karmor/karmord.sock")
    peer.sendall(json.dumps({"method": "io.karmor." + method, "parameters": parameters}).encode() + b"\0")
    answer = b""
    while not answer.endswith(b"\0"):
        part = peer.recv(65536)
        if not part:
            sys.exit("no answer")
        answer += part
    answer = json.loads(answer[:-1])
    if "error" in answer:
        sys.exit(json.dumps(answer))
    return answer["parameters"]


name, app, program, entry = sys.argv[1:5]
os.environ["BEGUN"] = str(time.time_ns())
label = call("Prepare", name=name, namespace="shop", labels="app=" + app, program=program)["label"]
print(label, flush=True)
call("Attach", name=name, namespace="shop", labels="app=" + app, pid=os.getpid(), atExec=True)
if entry == "label":
    with open("/proc/self/attr/exec", "w", encoding="ascii") as attribute:
        attribute.write(label)
os.execv(program, [program] + sys.argv[5:])
