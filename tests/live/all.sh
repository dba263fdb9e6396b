#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every live suite, one after the other, as one TAP stream. Root, in a virtual machine.
set -u

here=$(cd "$(dirname "$0")" && pwd)

# What skips itself elsewhere fails here.
export KARMOR_MUST_RUN=1

. "$here/suite.sh"

# A kernel with AppArmor has BPF beside it; BPF is looked at where it is alone.
if grep -qw apparmor /sys/kernel/security/lsm; then
	suite mission env KARMOR_BACKEND=apparmor "$here/mission.sh"
	suite apparmor "$here/apparmor.sh"
	suite self-apparmor "$here/self-apparmor.sh"
	suite apparmor-audit "$here/apparmor-audit.sh"
	suite apparmor-many "$here/apparmor-many.sh"
	suite attacks env KARMOR_BACKEND=apparmor "$here/attacks.sh"
	suite attacks-cases env KARMOR_BACKEND=apparmor "$here/attacks-cases.sh"
	suite queries "${KARMOR_BUILD:-$here/../../build}/tests/offline/apparmor_kernel" "${KARMOR_LONG:+50}50" \
		"$here"/../data/policies/mission/*.yaml
	# A kernel's own part is small, so that much is asked of one only, but where there is time.
	tables=("$here"/../tables/*.tsv)
	case ${KARMOR_LONG:+long}$(uname -r) in long* | 6.12.*)
		suite delegation "$here/delegation.sh"
		suite karmord-plan "$here/karmord-plan.sh"
		suite karmord-nnp "$here/karmord-nnp.sh"
		tables+=("$here/../data/conformance/cases.tsv")
		;;
	esac
	# AppArmor knows no system calls.
	# shellcheck disable=SC2068 # what was left out is no word
	suite tables "${KARMOR_BUILD:-$here/../../build}/tests/live/table" --tap --backend apparmor ${tables[@]//*\/syscalls.tsv/}
	# The parser that Debian 12 has.
	case $(uname -r) in 6.1.*) suite apparmor-3 "$here/apparmor-3.sh" ;; esac
	suite karmord-apparmor "$here/karmord-apparmor.sh"
	suite contract "${KARMOR_BUILD:-$here/../../build}/tests/contract/contract" apparmor live
	echo "1..$total"
	exit
fi

# What asks little of the kernel itself is asked of one, but where there is time.
case ${KARMOR_LONG:+long}$(uname -r) in long* | 6.12.*) whole=1 ;; *) whole= ;; esac

suite probe "$here/probe.sh"
[ -z "$whole" ] || suite run "$here/run.sh"
[ -z "$whole" ] || suite mission "$here/mission.sh"
suite labels "$here/labels.sh"
suite loaded "$here/loaded.sh"
suite self-bpf "$here/self-bpf.sh"
suite attacks "$here/attacks.sh"
suite attacks-cases "$here/attacks-cases.sh"
[ -z "$whole" ] || suite memory "$here/memory.sh"
suite exact "$here/exact.sh"
suite syscalls "$here/syscalls.sh"
[ -z "$whole" ] || suite programs "$here/programs.sh"
[ -z "$whole" ] || suite examples "$here/examples.sh"
suite tables "${KARMOR_BUILD:-$here/../../build}/tests/live/table" --tap --backend "${KARMOR_BACKEND:-bpf}" \
	"$here/../data/conformance/cases.tsv" "$here"/../tables/*.tsv
[ -z "$whole" ] || suite package "$here/package.sh"
# Pins and links are the same on 6.1 as later; what tasks see while sets are exchanged is each newer kernel's own.
case ${KARMOR_LONG:+long}$(uname -r) in
long* | 6.12.*) suite lasting "${KARMOR_BUILD:-$here/../../build}/tests/live/lasting" ;;
6.1.*) ;;
*) CK_RUN_CASE=sets suite lasting "${KARMOR_BUILD:-$here/../../build}/tests/live/lasting" ;;
esac
suite karmord "$here/karmord.sh"
[ -z "$whole" ] || suite units "$here/units.sh"
[ -z "$whole" ] || suite host "$here/host.sh"
[ -z "$whole" ] || suite karmord-kills "$here/karmord-kills.sh"
suite oci "$here/oci.sh"
[ -z "$whole" ] || suite podman "$here/podman.sh"
suite contract "$here/contract.sh"
# Once more what is about engines alone on the machine.
[ -z "$whole" ] || CK_RUN_CASE=live suite contract-alone "${KARMOR_BUILD:-$here/../../build}/tests/contract/contract" bpf live
echo "1..$total"
