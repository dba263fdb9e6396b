#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# More rules than one profile can hold (ten thousand with KARMOR_LONG): a stack of profiles, compiled once. Prints TAP.
# Root, in a virtual machine that has AppArmor.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
here=/srv/many
rules=${KARMOR_LONG:+10000}
rules=${rules:-1500}
trap 'rm -rf "$work" "$here"' EXIT

run() { # command...
	: > "$work/events"
	"$karmor" run -p "$work/many.json" --backend apparmor --posture file=block --events "$work/events" -- "$@" 2> "$work/err"
	[ $? -ne 2 ] || cat "$work/err"
}

# Every third file may be read, and what none of the rules names.
python3 - "$here" "$rules" > "$work/many.json" << 'EOF'
import json, sys
here, n = sys.argv[1], int(sys.argv[2])
paths = [{"path": f"{here}/tenant-{i % 97}/d{i % 7}/file{i}", "action": "Block" if i % 3 else "Allow"} for i in range(n - 1)]
paths.append({"path": f"{here}/mine", "action": "Block", "fromSource": [{"path": f"{here}/reader"}]})
print(json.dumps({"apiVersion": "security.kubearmor.com/v1", "kind": "KubeArmorPolicy", "metadata": {"name": "many"},
                  "spec": {"selector": {}, "file": {"matchPaths": paths, "matchDirectories": [
                      {"dir": "/", "recursive": True, "action": "Allow"}]}}}))
EOF
for i in 301 300 $((rules - 2)); do
	mkdir -p "$here/tenant-$((i % 97))/d$((i % 7))"
	echo content > "$here/tenant-$((i % 97))/d$((i % 7))/file$i"
done
for program in actor reader; do cp "$build/tests/live/actor" "$here/$program"; done
echo content > "$here/mine"
file() { echo "$here/tenant-$(($1 % 97))/d$(($1 % 7))/file$1"; }

# The parser, and how often it is run for more than to see what it can do.
parser=$(readlink -f /usr/sbin/apparmor_parser)
cp "$parser" "$work/parser"
cat > "$work/count" << EOF
#!/bin/sh
if [ "\$(stat -Lc %s /dev/stdin)" -ge 200 ]; then
	echo >> $work/runs
	case \$(cat $work/way) in
	memory) exec python3 -c 'bytearray(2 << 30)' ;;
	output) exec head -c 256M /dev/zero ;;
	time) while :; do :; done ;;
	states) echo 'internal error: Too many states (100925) for type state_t' >&2; exit 1 ;;
	downgrade) echo 'Warning: rule is not enforced' >&2 ;;
	esac
fi
exec $work/parser "\$@"
EOF
chmod 755 "$work/count"
: > "$work/runs"
: > "$work/way"
mount --bind "$work/count" "$parser" || exit 1
trap 'umount "$parser"; rm -rf "$work" "$here"' EXIT
f301=$(file 301)
runs() { wc -l < "$work/runs"; }

is "$("$here/actor" read "$(file 301)")" ok "control: the file is read"
TIMEFORMAT='%U %S %R'
{ time out=$(run "$here/actor" read "$(file 301)") 2> /dev/null; } 2> "$work/first"
is "$out" EACCES "a file that one of $rules rules names is not"
is "$(grep -c '"Action":"Block"' "$work/events")" 1 "which is told of once"
has "$(cat "$work/events")" '"Rule":"file.matchPaths[301]"' "by its rule"
first=$(runs)
{ time out=$(run "$here/actor" read "$(file 300)") 2> /dev/null; } 2> "$work/second"
is "$out" ok "another is"
[ "$first" -gt 0 ] && [ "$(runs)" = "$first" ]
check $? "and the parser was not run again for the same rules" "$(runs), $first"
read -r user system real < "$work/first"
echo "# $first runs of the parser; processor: $user s, system $system s; $real s in all"
read -r user system real < "$work/second"
echo "# the second time: processor $user s, system $system s; $real s in all"
is "$(run "$here/actor" read "$(file $((rules - 2)))")" EACCES "one of another profile of the stack is not"
profiles=$(run cat /proc/self/attr/apparmor/current | grep -o karmor- | wc -l)
[ "$profiles" -ge $((2 + (rules - 1) / 1000)) ]
check $? "the stack has a profile for every thousand" "$profiles"
is "$(run setpriv --no-new-privs sh -c "for f in mine ${f301#"$here/"}; do $here/reader read $here/\$f; $here/actor read $here/\$f; done")" \
	$'EACCES\nok\nEACCES\nEACCES' "a source is on top of the stack, under no_new_privs too"
is "$(grep -c '^karmor-' /sys/kernel/security/apparmor/profiles)" 0 "none is left"

# A parser that takes more than it is given, or leaves something out: the policy is refused, and nothing is started.
refused() { # way, what is said, what is to be done
	echo "$1" > "$work/way"
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: few}\nspec:\n  selector: {}\n  file: {matchPaths: [{path: %s/%s}]}\n' \
		"$here" "$1" > "$work/few.yaml"
	out=$("$karmor" run -p "$work/few.yaml" --backend apparmor -- echo started 2> "$work/err")
	is "$out" "" "$1: the command is not started"
	has "$(cat "$work/err")" "$2" "and the reason is told"
	[ -z "${3:-}" ] || has "$(cat "$work/err")" "$3" "with what to do"
	: > "$work/way"
	is "$("$karmor" run -p "$work/few.yaml" --backend apparmor -- echo started 2> "$work/err")" started "as it is by a parser that does not"
}
refused memory "apparmor_parser refuses the profile" "split the workload"
refused output "apparmor_parser refuses the profile: head: error writing"
refused states "Too many states" "split the workload, or name directories rather than patterns"
refused downgrade "not enforced"
[ -z "${KARMOR_LONG:-}" ] || refused time "took more than 60 seconds" "split the workload"
is "$(grep -c '^karmor-' /sys/kernel/security/apparmor/profiles)" 0 "of all that nothing is left"
plan
