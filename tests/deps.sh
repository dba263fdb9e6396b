#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what building and testing need on a Debian 12 or 13 that has nothing but git.
# It only adds packages; it never upgrades the system and asks the mirror nothing when all is there.

set -euo pipefail

build_packages=(
	gcc libc6-dev meson ninja-build pkgconf
	clang llvm clang-format bpftool libbpf-dev libelf-dev zlib1g-dev
	libyaml-dev libjansson-dev check mandoc shellcheck zsh
	apparmor libselinux1-dev libsemanage-dev libsepol-dev
)
# What only tests/run.sh --long needs: libFuzzer and valgrind.
long_packages=(libclang-rt-dev valgrind)
vm_packages=(
	qemu-system-x86 qemu-utils mmdebstrap debian-archive-keyring
	e2fsprogs zstd xz-utils lz4 kmod cpio busybox-static python3
)

# What the Debian packages are made and looked at with.
package_packages=(debhelper dpkg-dev lintian)

usage() {
	cat <<-END
	usage: tests/deps.sh [build|vm|package|long]...

	Installs the packages for building (build), for the virtual machines (vm), or both (default); for making Debian
	packages (package); and for what takes long (long).
	Run it as root.
	END
}

installed() {
	dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii  *//p'
}

main() {
	local wanted=() missing=() present set

	[[ $# -gt 0 ]] || set -- build vm
	for set in "$@"; do
		case $set in
		build) wanted+=("${build_packages[@]}") ;;
		vm) wanted+=("${vm_packages[@]}") ;;
		package) wanted+=("${package_packages[@]}") ;;
		long) wanted+=("${long_packages[@]}") ;;
		-h | --help) usage; exit 0 ;;
		*) usage >&2; exit 2 ;;
		esac
	done

	present=$(installed "${wanted[@]}" || true)
	for set in "${wanted[@]}"; do
		grep -qxF -- "$set" <<<"$present" || missing+=("$set")
	done
	[[ ${#missing[@]} -gt 0 ]] || exit 0

	if [[ $(id -u) -ne 0 ]]; then
		echo "tests/deps.sh: not root, and these packages are missing: ${missing[*]}" >&2
		exit 1
	fi
	echo "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq -o DPkg::Lock::Timeout=600 update
	apt-get -qq -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
		install --no-install-recommends --no-upgrade "${missing[@]}" >/dev/null
}

main "$@"
