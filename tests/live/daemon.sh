# SPDX-License-Identifier: Apache-2.0
# karmord, started and ended by a test that has its configuration in $work. Include it after tap.sh.
# shellcheck shell=bash disable=SC2034,SC2154

karmord=$build/daemon/karmord
mount=/sys/fs/cgroup

start() {
	"$karmord" --config "$work/karmord.yaml" 2>> "$work/log" &
	daemon=$!
	eventually "$karmor" get policies > /dev/null 2>&1
}

end() { # SIGNAL
	kill "-$1" "$daemon"
	wait "$daemon" 2> /dev/null
}
