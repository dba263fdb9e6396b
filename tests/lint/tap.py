# SPDX-License-Identifier: Apache-2.0
"""What the checks share: the tree's files, and results as TAP."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Tap:
    def __init__(self):
        self.number = 0
        self.failed = 0

    def result(self, name, complaints):
        """One test: passed where there is nothing to complain about."""
        complaints = list(complaints)
        self.number += 1
        self.failed += bool(complaints)
        print(f"{'not ok' if complaints else 'ok'} {self.number} - {name}")
        for complaint in complaints:
            for line in str(complaint).splitlines():
                print(f"# {line}")

    def finish(self):
        print(f"1..{self.number}")
        sys.exit(1 if self.failed else 0)


def skip(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def tracked():
    """Files that are in git or about to be; of a tree without git, all but builds."""
    done = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout:
        names = done.stdout.split("\0")
    else:
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")]
        names = [name for name in names if not name.startswith("build")]
    return sorted(name for name in set(names) if name and (ROOT / name).is_file())


def c_files():
    return [name for name in tracked() if name.endswith((".c", ".h"))]
