#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing, builds, and runs every suite, those in virtual machines included.

set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit 2

# Kernels and security modules that the live suites run on. "newest" is left out where the mirror lacks it.
live_guests=('6.12 bpf' '6.1 bpf' 'newest bpf' '6.12 apparmor' '6.1 apparmor' '6.12 bpf refusals' '5.10 bpf refusals'
	'--systemd 6.12 bpf systemd' '6.12 selinux selinux-all')
live_commands=()
everything='all meson-test-prereq'

usage() {
	cat <<-END
	usage: tests/run.sh [--long]

	Installs what is missing, builds, runs every suite, and ends with "N passed, N failed, N skipped".
	Run it as root. The exit status is 0 if nothing failed.

	  --long     also what takes long: a million random accesses, both compilers optimising, valgrind, every
	             fuzz target for ten minutes, whether an access costs more than it did, every live suite on every
	             kernel, and what is repeated as often as it takes to believe it

	In a virtual machine a live test that skips itself has failed.
	END
}

heading() {
	printf '\n== %s\n' "$*"
}

count() {
	echo "$*" >>"$totals"
}

# tap ARGUMENT...: tests/tap; one that was ended, or ends without a count, has tested nothing.
tap() {
	local status before after

	before=$(wc -l <"$totals")
	tests/tap --totals "$totals" "$@"
	status=$?
	after=$(wc -l <"$totals")
	[[ $status -le 1 && $after -gt $before ]] || { echo "FAILED tests/tap $1: status $status"; count 0 1 0; }
}

# build_in DIRECTORY TARGETS OPTION...: a build that fails is a failed test, and the suites that need nothing from it
# still run.
build_in() {
	local directory=$1 targets=$2
	shift 2

	heading "building in $directory"
	if [[ ! -e $directory/build.ninja ]]; then
		meson setup "$directory" --werror "$@" >"$log" 2>&1 || { cat "$log"; count 0 1 0; return 1; }
	fi
	# shellcheck disable=SC2086
	ninja --quiet -C "$directory" $targets >"$log" 2>&1 || { cat "$log"; count 0 1 0; return 1; }
}

# [OPTION] KERNEL LSM [SUITE]: adds the guest's suites to live_commands; a kernel that cannot be had is said and counted here.
prepare_live() {
	local options=() kernel lsm suite

	if [[ $1 == --* ]]; then
		options=("$1")
		shift
	fi
	kernel=$1 lsm=$2 suite=${3:-all}
	if tests/vm/run --prepare "${options[@]}" "$kernel" "$lsm"; then
		live_commands+=(${live_commands:+::} "live $kernel $lsm${3:+ $3}"
			tests/vm/run --timeout "${KARMOR_LONG:+2}3600" "${options[@]}" "$kernel" "$lsm" "tests/live/$suite.sh")
	elif [[ $kernel == newest ]]; then
		echo "SKIP   live $kernel $lsm: no such kernel on this machine's mirror"
		count 0 0 1
	else
		echo "FAILED live $kernel $lsm: no guest"
		count 0 1 0
	fi
}

run_long() {
	build_in build-release "$everything" --buildtype=release
	CC=clang build_in build-clang "$everything" --buildtype=release
	heading "what takes long"
	tap run valgrind tests/valgrind
	tap run fuzz tests/fuzz/run 600
	tap run bench tests/bench/run --check
	tap run bench-karmord tests/bench/run-karmord
	tap run bench-selinux tests/bench/run-selinux
}

print_totals() {
	awk '{ passed += $1; failed += $2; skipped += $3 }
		END {
			printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
			exit failed > 0
		}' "$totals"
}

main() {
	local guest sets=(build vm package)

	while [[ $# -gt 0 ]]; do
		case $1 in
		--long)
			export KARMOR_LONG=1
			sets+=(long)
			live_guests+=('--systemd 6.12 selinux selinux-systemd')
			;;
		-h | --help) usage; exit 0 ;;
		*) usage >&2; exit 2 ;;
		esac
		shift
	done

	log=$(mktemp)
	totals=$(mktemp)
	trap 'rm -f "$log" "$totals"' EXIT

	tests/deps.sh "${sets[@]}" || exit 1

	if build_in build "$everything"; then
		tap build build --without live
	fi
	if build_in build-asan "$everything" -Db_sanitize=address,undefined; then
		tap build build-asan --patience 4 --without live --without lint
	fi
	if build_in build-tsan tests/unit/test_threads -Db_sanitize=thread; then
		tap run threads build-tsan/tests/unit/test_threads
	fi

	[[ -z ${KARMOR_LONG:-} ]] || run_long

	heading "packages"
	tap run package tests/package build

	heading "virtual machines"
	tap run vm-selftest tests/vm/selftest
	for guest in "${live_guests[@]}"; do
		# shellcheck disable=SC2086
		prepare_live $guest
	done
	# A guest has one processor, and waits a third of its time: one more than there are here.
	tap --jobs "$(($(nproc) + 1))" run "${live_commands[@]}"

	echo
	print_totals
}

main "$@"
