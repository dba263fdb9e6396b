#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The mission policies against real programs: shells, cat, curl, wget, python, perl, nginx.
set -u
. "$(dirname "$0")/tap.sh"

policies=$(dirname "$0")/../data/policies/mission
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

keep_loaded
run() { # policy, command...
	local policy=$1
	shift
	"$karmor" run -p "$policies/$policy.yaml" --events "$work/events" -- "$@" 2> "$work/err"
}

# A server on loopback that both curl and wget can reach; it forks nothing and needs no file but its own.
mkdir -p "$work/www" && echo hello > "$work/www/index.html"
cat > "$work/server.conf" <<- END
	daemon off; master_process off; pid $work/server.pid; error_log $work/server.log;
	events {}
	http { access_log off; server { listen 127.0.0.1:8080; root $work/www; } }
END
chmod -R a+rX "$work"
/usr/sbin/nginx -c "$work/server.conf" 2> "$work/server.err" &
server=$!
eventually curl -sf -o /dev/null http://127.0.0.1:8080/

is "$(env /bin/sh -c 'echo shell')" shell "control: env starts sh"
is "$(run block-shell env /bin/sh -c 'echo shell')" "" "block-shell: env cannot start sh"
is "$(run block-shell env /bin/bash -c 'echo shell')" "" "block-shell: env cannot start bash"
is "$(run block-shell env /usr/bin/dash -c 'echo shell')" "" "block-shell: sh under its own name, dash, is stopped too"
is "$(env /lib64/ld-linux-x86-64.so.2 /bin/sh -c 'echo shell')" shell "control: the loader starts sh"
is "$(run block-shell /lib64/ld-linux-x86-64.so.2 /bin/sh -c 'echo shell')" "" "block-shell: the loader cannot start sh"
has "$(run block-shell cat /etc/passwd 2>&1; cat "$work/err")" "Permission denied" "block-shell: cat /etc/passwd is denied"
is "$(run block-shell head -c 1 /etc/group)" r "block-shell: other files can be read"
is "$(run block-shell cat /proc/self/root/etc/passwd)" "" "block-shell: not through /proc/self/root either"

[ "$(curl -s http://127.0.0.1:8080/)" = hello ]
check $? "control: curl reaches the server" "$(cat "$work/server.err" "$work/server.log")"
is "$(run restrict-network curl -s http://127.0.0.1:8080/)" "" "restrict-network: curl does not"
is "$(run restrict-network wget -qO- http://127.0.0.1:8080/)" hello "restrict-network: wget does"
is "$(run web-app-policy curl -s http://127.0.0.1:8080/)" hello "web-app-policy: curl does"
is "$(run web-app-policy wget -qO- -T 2 -t 1 http://127.0.0.1:8080/)" "" "web-app-policy: wget does not"

mkdir -p "$work/deep/bin"
cp "$(readlink -f /usr/bin/python3)" "$work/deep/bin/python-copy"
cp "$(readlink -f /usr/bin/perl)" "$work/deep/bin/perl5"
cp "$(readlink -f /usr/bin/python3)" "$work/deep/bin/snake"
is "$("$work/deep/bin/python-copy" -c 'print(1)')" 1 "control: a copied python runs"
is "$(run block-shells-cluster-wide "$work/deep/bin/python-copy" -c 'print(1)')" "" "block-shells-cluster-wide: a python anywhere is stopped"
is "$(run block-shells-cluster-wide "$work/deep/bin/perl5" -e 'print 1')" "" "block-shells-cluster-wide: a perl anywhere is stopped"
is "$(run block-shells-cluster-wide perl -e 'print 1')" "" "block-shells-cluster-wide: perl is stopped"
is "$(run block-shells-cluster-wide "$work/deep/bin/snake" -c 'print(1)')" 1 "block-shells-cluster-wide: another name is another name"

is "$(run restrict-capabilities hostname changed; hostname)" "$(hostname)" "restrict-capabilities: the host name stays"
run restrict-capabilities unshare -m true
is $? 1 "restrict-capabilities: unshare -m needs CAP_SYS_ADMIN and fails"
unshare -m true
is $? 0 "control: unshare -m works without the policy"

mkdir -p /var/log/nginx
"$karmor" run -p "$policies/web-app-hardened.yaml" --posture file=audit --events "$work/nginx" -- \
	/usr/sbin/nginx -g 'daemon off;' 2> "$work/err" &
nginx=$!
eventually test -s /run/nginx.pid
[ -s /run/nginx.pid ]
check $? "web-app-hardened: nginx starts" "$(cat "$work/err")"
curl -s -o /dev/null http://127.0.0.1:80/
is $? 0 "web-app-hardened: nginx serves"
kill "$nginx"
wait "$nginx"
is "$(run web-app-hardened id)" "" "web-app-hardened: nothing but nginx is executed"
is "$(run web-app-hardened /bin/sh -c 'echo shell')" "" "web-app-hardened: no shell"

kill "$server"
unkeep
plan
