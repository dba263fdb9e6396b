#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The columns of tests/bench/run, in the guest: row, column, instructions.
set -eu

build=${KARMOR_BUILD:-$(dirname "$0")/../../build}
access=$build/tests/bench/access
work=$(mktemp -d)
mkdir -p /bench/b/c/d/e/g/h
echo x > /bench/b/f
echo x > /bench/b/c/d/e/g/h/f
cp "$access" /bench/b/true

policy() { # rules
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: bench}\n'
	printf 'spec:\n  selector: {}\n  process: {matchPaths: [{path: /opt/blocked}]}\n'
	printf '  network: {matchProtocols: [{protocol: icmp}]}\n  file:\n    matchPaths:\n'
	seq -f '      - path: /opt/app/data/f%05.0f.conf' "$1"
}

# A kernel that has just booted takes slower ways for some seconds.
"$access" warm > /dev/null
sleep 5
"$access" none
policy 10 > "$work/10.yaml"
policy 9000 > "$work/9000.yaml"
"$build/daemon/karmor" run -p "$work/10.yaml" -- sh -c "touch $work/up; sleep 1000000" 2> /dev/null &
keeper=$!
while [ ! -e "$work/up" ]; do sleep 1; done
"$access" outside
"$build/daemon/karmor" run -p "$work/10.yaml" -- "$access" inside-10 2> /dev/null
"$build/daemon/karmor" run -p "$work/9000.yaml" -- "$access" inside-9000 2> /dev/null
kill "$keeper"
