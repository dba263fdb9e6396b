#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every live suite of SELinux, as one TAP stream. Root, in a virtual machine whose kernel has it.
set -u

here=$(cd "$(dirname "$0")" && pwd)
export KARMOR_MUST_RUN=1

. "$here/suite.sh"

enforcing() { # COMMAND...
	setenforce 1
	"$@"
	setenforce 0
}

contract=${KARMOR_BUILD:-$here/../../build}/tests/contract/contract

# First, for the last leaves its module. Each change of the policy takes its time: the rest of the contract, and containers,
# are asked where there is enough of that.
suite selinux-run "$here/selinux-run.sh"
tables=("$here/../tables/programs.tsv" "$here/../tables/mission.tsv")
[ -z "${KARMOR_LONG:-}" ] || tables=("$here/../data/conformance/cases.tsv" "$here"/../tables/*.tsv)
suite tables enforcing "${KARMOR_BUILD:-$here/../../build}/tests/live/table" --tap --backend selinux --passes 100 "${tables[@]}"
# With BPF beside it what SELinux does not keep exactly is kept, too.
missions=()
[ -n "${KARMOR_LONG:-}" ] || missions=(block-dangerous-processes)
suite mission enforcing env KARMOR_BACKEND=selinux,bpf "$here/mission.sh" "${missions[@]}"
suite selinux-karmord "$here/selinux-karmord.sh"
# Ways round what rules say, of which those of a group take a policy for each kind of rule.
attacks=(tasks sources)
[ -z "${KARMOR_LONG:-}" ] || attacks=()
suite attacks enforcing env KARMOR_BACKEND=selinux "$here/attacks.sh" "${attacks[@]}"
if [ -n "${KARMOR_LONG:-}" ]; then
	suite selinux-containers "$here/selinux-containers.sh"
	suite contract enforcing "$contract" selinux live
else
	CK_RUN_CASE=lasting suite contract-lasting enforcing "$contract" selinux live
fi
suite selinux-labels "$here/selinux-labels.sh"
suite selinux "$here/selinux.sh"
echo "1..$total"
