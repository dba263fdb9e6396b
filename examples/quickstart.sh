#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From a fresh clone to a blocked access: installs what is missing, builds, and runs a command under a policy.
# On this machine where its kernel enforces, else in the project's virtual machine.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

policy=examples/policies/protect-shadow.yaml
command=(build/daemon/karmor run -p "$policy" -- sed -n 1p /etc/shadow)

case ${1:-} in
'') ;;
-h | --help)
	echo "usage: sudo examples/quickstart.sh"
	echo
	echo "Installs what is missing, builds, and shows what a policy blocks:"
	echo "    ${command[*]}"
	exit 0
	;;
*)
	echo "examples/quickstart.sh: no argument is expected; see --help" >&2
	exit 2
	;;
esac
if [[ $EUID -ne 0 ]]; then
	echo "examples/quickstart.sh: only root can install packages and enforce policies" >&2
	echo "  fix: sudo examples/quickstart.sh" >&2
	exit 2
fi

tests/deps.sh build
log=$(mktemp)
trap 'rm -f "$log"' EXIT

build() {
	[[ -e build/build.ninja ]] || meson setup build || return
	ninja -C build
}

echo "== Building."
if ! build > "$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi

if build/daemon/karmor-probe > /dev/null; then
	where=()
	echo "== This machine's own kernel enforces."
else
	echo "== No enforcer is usable on this machine:"
	build/daemon/karmor-probe 2>&1 | grep -E '^  [A-Z]' || true
	echo "== The same is shown in the project's virtual machine (Linux 6.12 with BPF-LSM)."
	tests/deps.sh vm
	where=(tests/vm/run 6.12 bpf)
fi

# What the policy protects can be read without it, and cannot under it.
show() {
	printf '\n$ %s\n' "$*"
	"${where[@]}" "$@" 2>&1 | tee "$log" || true
}

printf '\n$ cat %s\n' "$policy"
cat "$policy"
show wc -c /etc/shadow
show "${command[@]}"
grep -q 'Permission denied' "$log" || {
	echo "examples/quickstart.sh: sed should have been denied" >&2
	exit 1
}
