#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: guest.sh bpf|apparmor [ROW...]
# The columns of tests/bench/run that can be had in one boot, in the guest: row, column, instructions.
set -eu

lsm=$1
shift
build=${KARMOR_BUILD:-$(dirname "$0")/../../build}
access=$build/tests/bench/access
work=$(mktemp -d)
rows=("$@")

mkdir -p /bench/b/c/d/e/g/h /bench/tree
echo x > /bench/b/f
echo x > /bench/b/r
echo x > /bench/b/c/d/e/g/h/f
cp "$access" /bench/b/true
for directory in $(seq 10); do
	mkdir "/bench/tree/$directory"
	for file in $(seq 20); do echo "$file" > "/bench/tree/$directory/$file"; done
done
ip link set lo up

# Not on the disk, whose file system looks at each inode that it gave back within the last minute.
mkdir /bench/out
mount -t tmpfs tmpfs /bench/out

git -c init.defaultBranch=main init -q /bench/repo
cp -r /bench/tree /bench/repo/
git -C /bench/repo add .
git -C /bench/repo -c user.name=bench -c user.email=bench@localhost commit -qm bench
{
	printf '#include <%s.h>\n' errno fcntl signal stdio stdlib string sys/socket sys/stat time unistd
	for function in $(seq 200); do
		echo "int f$function(const char *s) { return s ? (int)strlen(s) + $function : open(\"f\", 0); }"
	done
} > /bench/unit.c
cat > /bench/nginx.conf <<-END
	daemon off;
	master_process off;
	pid /bench/out/nginx.pid;
	error_log /bench/out/error.log;
	events {}
	http {
		access_log /bench/out/access.log;
		server { listen 127.0.0.1:8080; root /bench/tree; }
	}
END

head_of_policy() {
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: bench}\n'
	printf 'spec:\n  selector: {}\n  process: {matchPaths: [{path: /opt/blocked}]}\n'
	printf '  network: {matchProtocols: [{protocol: icmp}]}\n  file:\n'
}

paths() { # rules, more of each
	printf '    matchPaths:\n'
	seq -f "      - {path: /opt/app/data/f%05.0f.conf$2}" "$1"
}

# Nothing here names what is accessed, but for the allow-list, and the directory beside the deepest file.
policy() {
	head_of_policy
	case $1 in
	inside-allow)
		printf '    matchDirectories:\n'
		for directory in bench usr lib lib64 bin etc dev proc sys tmp run opt/app var/lib; do
			printf '      - {dir: /%s/, recursive: true, action: Allow}\n' "$directory"
		done ;;
	inside-globs) printf '    matchPatterns:\n'; seq -f '      - {pattern: "/opt/app/data/g%05.0f*.conf"}' 998 ;;
	inside-anywhere) printf '    matchPatterns:\n'; seq -f '      - {pattern: "**/w%02.0f*.key"}' 10 ;;
	inside-sources) paths 8 ', fromSource: [{path: /opt/app/tool}]' ;;
	inside-deep) printf '    matchDirectories:\n      - {dir: /bench/b/c/d/e/g/h/zz/, recursive: true}\n' ;;
	inside-*) paths $((${1#inside-} - 2)) '' ;;
	esac
}

# Without a journal ext4 gives no inode out again for a minute, and every new file looks at all that it passes over.
# Sleep costs no instructions.
settle() {
	sleep 65
}

column() { # [--landlock] name
	settle
	"$access" "$@" "${rows[@]}"
}

inside() { # column
	settle
	policy "$1" > "$work/$1.yaml"
	"$build/daemon/karmor" run --posture file=block -p "$work/$1.yaml" -- "$access" "$1" "${rows[@]}" 2> "$work/errors" ||
		cat "$work/errors" >&2
}

columns_bpf() {
	column none
	column --landlock landlock-11
	"$build/tests/bench/programs" empty > "$work/empty" &
	while [ ! -s "$work/empty" ]; do sleep 1; done
	column empty
	kill $!
	wait || true
	policy inside-10 > "$work/outside.yaml"
	"$build/daemon/karmor" run -p "$work/outside.yaml" -- sh -c "touch $work/up; sleep 1000000" 2> /dev/null &
	while [ ! -e "$work/up" ]; do sleep 1; done
	column outside
	for column in 10 1000 10000 globs anywhere sources deep allow; do inside "inside-$column"; done
	"$build/tests/bench/programs" verified
	kill $!
}

profile() { # name, rules
	printf 'profile %s {\n  file,\n  network,\n  capability,\n  signal,\n  ptrace,\n  unix,\n' "$1"
	printf '  deny /opt/blocked x,\n  deny network inet raw,\n'
	seq -f '  deny /opt/app/data/f%05.0f.conf rw,' $(($2 - 2))
	printf '}\n'
}

columns_apparmor() {
	column unconfined
	for rules in 10 1000; do
		profile "bench-$rules" "$rules" > "$work/profile"
		apparmor_parser -r "$work/profile"
		settle
		aa-exec -p "bench-$rules" -- "$access" "apparmor-$rules" "${rows[@]}"
	done
}

# A kernel that has just booted takes slower ways for some seconds.
"$access" warm > /dev/null
"columns_$lsm"
