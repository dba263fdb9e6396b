#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The packages that tests/package built: installed, used, removed, and nothing left.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tap.sh"

packages=$build/packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# All files, but for what dpkg and the linker note of every package.
files() {
	find / -xdev \( -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path "$work" \) -prune -o -print |
		grep -vx '/etc/ld.so.cache' | sort
}

files > "$work/before"
said=$(dpkg --install "$packages"/karmor_*.deb "$packages"/libkarmor0_*.deb 2>&1)
check $? "the packages are installed" "$said"
# The guest has no compiler, nor what one needs.
said=$(dpkg --force-depends --install "$packages"/libkarmor-dev_*.deb 2>&1)
check $? "the developers' package is installed beside them" "$said"
has "$(ldd /usr/bin/karmor)" "libkarmor.so.0 => /lib/" "the installed program uses the installed library"
cat /etc/shadow > /dev/null
check $? "control: the file is read"
said=$(karmor run -p "$here/../../examples/policies/protect-shadow.yaml" -- cat /etc/shadow 2>&1)
is $? 1 "the installed program enforces" "$said"
has "$said" "karmor: block read /etc/shadow" "and tells"
has "$(karmor-probe)" "Active enforcer: BPF-LSM" "the installed probe finds the enforcer"
eventually unloaded
dpkg --purge karmor libkarmor-dev libkarmor0 > "$work/purge" 2>&1
check $? "the packages are removed" "$(cat "$work/purge")"
files > "$work/after"
is "$(diff "$work/before" "$work/after")" "" "and nothing of them is left"
plan
