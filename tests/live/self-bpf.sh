#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a workload that is root among the node's own files does to undo its own enforcement, under BPF. Each act first
# outside of it (the control), then in it: under a policy that says nothing of files, and under one that would have it
# otherwise. Prints TAP. Root, in a virtual machine that has BPF-LSM.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
umask 022
# One that karmord is told to use instead. Each act is one of the kernel's, so that not each is asked everywhere.
moved=$work/moved
dirs=(/var/lib/karmor "$moved")
case ${KARMOR_LONG:+long}$(uname -r) in long* | 6.12.*) dirs+=(/etc/karmor /run/karmor) ;; esac
trap 'kill -9 "${daemon:-}" "${beside:-}" 2> /dev/null; rm -rf "$work" /etc/karmor /var/lib/karmor /run/karmor/probe /run/karmor/deep' EXIT

policy() { # name, section text
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: %s}\nspec:\n  selector: {}\n%s\n' \
		"$1" "$2" > "$work/$1.yaml"
}

# Prints "ok NAME" or "no NAME" for each act, which leaves everything as it was. Each has mounts of its own, but the last.
cat > "$work/acts.py" <<- 'END2'
	import ctypes, fcntl, os, sys
	lib = ctypes.CDLL(None, use_errno=True)
	def sure(result):
	    if result < 0:
	        raise OSError(ctypes.get_errno(), "")
	    return result
	def mount(source, target, kind=None, flags=0):
	    sure(lib.mount(source.encode(), target.encode(), kind and kind.encode(), flags, None))
	def bind(source, target):
	    mount(source, target, None, 4096)
	def write(path, flags=0, dir_fd=None):
	    fd = os.open(path, os.O_WRONLY | flags, dir_fd=dir_fd)
	    os.write(fd, b"x")
	    os.close(fd)
	def there_and_back(a, b):
	    os.rename(a, b)
	    os.rename(b, a)
	def new(path):
	    write(path, os.O_CREAT | os.O_EXCL)
	def made_and_gone(path, make, remove=os.unlink):
	    make(path)
	    remove(path)
	def again(path, remove, make):
	    remove(path)
	    make(path)
	def exchange(a, b):
	    new(b)
	    try:
	        for _ in range(2):
	            sure(lib.renameat2(-100, a.encode(), -100, b.encode(), 2))
	    finally:
	        os.unlink(b)
	def moved_in(a, b, how):
	    new(a)
	    try:
	        how(a, b)
	        os.unlink(b)
	    finally:
	        os.path.exists(a) and os.unlink(a)
	def over(a, b):
	    new(a)
	    try:
	        os.rename(a, b)
	    finally:
	        os.path.exists(a) and os.unlink(a)
	def instead(path, other):
	    os.rename(path, other)
	    os.symlink(other, path)
	    os.unlink(path)
	    os.rename(other, path)
	def by_bind(source, act):
	    bind(source, "/mnt")
	    act("/mnt/")
	def by_tree(path):
	    write("probe", dir_fd=sure(lib.syscall(428, -100, path.encode(), 1)))
	def by_root(path):
	    os.chroot("/proc/self/root")
	    write(path)
	def inside(path):
	    os.chdir(path)
	    write("../probe")
	def by_handle(path):
	    handle = ctypes.create_string_buffer((128).to_bytes(4, "little") + bytes(132))
	    sure(lib.name_to_handle_at(-100, path.encode(), handle, ctypes.byref(ctypes.c_int()), 0))
	    try:
	        write("/proc/sys/vm/drop_caches") # so that no name of it is known
	    except OSError:
	        pass
	    at = os.open(os.path.dirname(path), os.O_RDONLY)
	    sure(lib.open_by_handle_at(at, handle, os.O_WRONLY))
	def pivot():
	    os.chdir("/srv/root")
	    sure(lib.syscall(155, b".", b"old"))
	    sure(lib.syscall(155, b"old", b"old/srv/root"))
	def attempt(name, act, *args, own=True):
	    pid = os.fork()
	    if pid == 0:
	        try:
	            if own:
	                sure(lib.unshare(0x20000))
	                mount("none", "/", None, 1 << 18 | 16384)
	            act(*args)
	        except OSError:
	            os._exit(1)
	        os._exit(0)
	    print("no" if os.waitpid(pid, 0)[1] else "ok", name, flush=True)
	for d in sys.argv[1:]:
	    up, probe, deep = os.path.dirname(d), d + "/probe", d + "/deep/"
	    attempt(f"writes {d}", write, probe)
	    attempt(f"appends below {d}", write, deep + "file", os.O_APPEND)
	    attempt(f"opens {d} for both", os.open, probe, os.O_RDWR)
	    attempt(f"opens {d} for ioctl", os.open, probe, 3)
	    attempt(f"creates in {d}", made_and_gone, deep + "new", new)
	    attempt(f"creates without a name in {d}", os.open, deep, os.O_TMPFILE | os.O_RDWR)
	    attempt(f"makes a directory in {d}", made_and_gone, d + "/new", os.mkdir, os.rmdir)
	    attempt(f"removes a directory from {d}", again, d + "/empty", os.rmdir, os.mkdir)
	    attempt(f"makes a link in {d}", made_and_gone, d + "/link", lambda path: os.symlink("probe", path))
	    attempt(f"makes a pipe in {d}", made_and_gone, d + "/pipe", os.mkfifo)
	    attempt(f"removes from {d}", again, probe, os.unlink, new)
	    attempt(f"renames in {d}", there_and_back, probe, d + "/other")
	    attempt(f"renames into {d}", moved_in, up + "/in", d + "/in", os.rename)
	    attempt(f"renames out of {d}", there_and_back, probe, up + "/out")
	    attempt(f"renames over what is in {d}", over, up + "/in", deep + "file")
	    attempt(f"exchanges with what is in {d}", exchange, probe, up + "/out")
	    attempt(f"links out of {d}", made_and_gone, up + "/out", lambda path: os.link(probe, path))
	    attempt(f"links into {d}", moved_in, up + "/in", d + "/in", os.link)
	    attempt(f"truncates in {d}", os.truncate, probe, 0)
	    attempt(f"changes the mode of {d}", os.chmod, d, 0o755)
	    attempt(f"changes a mode in {d}", os.chmod, probe, 0o600)
	    attempt(f"changes an owner in {d}", os.chown, probe, 0, 0)
	    attempt(f"changes times in {d}", os.utime, probe, (1, 1))
	    attempt(f"changes an attribute in {d}", os.setxattr, probe, "trusted.probe", b"x")
	    attempt(f"renames {d}", there_and_back, d, up + "/other")
	    attempt(f"puts a link in the place of {d}", instead, d, up + "/other")
	    attempt(f"renames what is above {d}", there_and_back, up, up + "-other")
	    attempt(f"mounts over {d}", mount, "none", d, "tmpfs")
	    attempt(f"mounts over what is above {d}", mount, "none", up, "tmpfs")
	    attempt(f"binds another directory over {d}", bind, "/mnt", d)
	    attempt(f"writes {d} by a bind mount", by_bind, up, lambda at: write(at + os.path.basename(d) + "/probe"))
	    attempt(f"writes {d} by a bind mount of what is in it", by_bind, d + "/deep", lambda at: write(at + "file"))
	    attempt(f"removes from {d} by a bind mount", by_bind, d, lambda at: again(at + "probe", os.unlink, new))
	    attempt(f"writes {d} by a mount without a place", by_tree, d)
	    attempt(f"writes {d} by another root", by_root, probe)
	    attempt(f"writes {d} by /proc", write, "/proc/self/root" + probe)
	    attempt(f"writes {d} from inside it", inside, deep)
	    attempt(f"writes {d} by a descriptor that says nothing", lambda: write("/proc/self/fd/%d" % os.open(probe, os.O_PATH)))
	    attempt(f"writes {d} by a handle", by_handle, probe)
	    attempt(f"locks {d}", lambda: fcntl.flock(os.open(probe, os.O_RDONLY), fcntl.LOCK_EX))
	attempt("unmounts a directory", lambda: sure(lib.umount2(b"/run/above", 0)), own=False)
	attempt("changes the root of all", pivot, own=False)
	attempt("allows what is beside", made_and_gone, "/var/lib/karmor-other", new)
	attempt("allows another directory of that name", made_and_gone, "/srv/karmor", os.mkdir, os.rmdir)
	attempt("allows to read", lambda: (open("/var/lib/karmor/probe").read(), os.listdir("/etc/karmor")))
	attempt("allows to mount beside", mount, "none", "/mnt", "tmpfs")
	attempt("allows a rename beside", there_and_back, "/srv/beside", "/srv/other")
END2

prepare() {
	local dir
	for dir in /etc/karmor /var/lib/karmor /run/karmor "$moved"; do
		mkdir -p "$dir/deep" "$dir/empty"
		echo x > "$dir/probe"
		echo x > "$dir/deep/file"
	done
}

act() {
	python3 "$work/acts.py" "$@"
}

run() { # policy, command...
	local policy=$1
	shift
	: > "$work/events"
	"$karmor" run -p "$work/$policy.yaml" --events "$work/events" -- "$@" 2> "$work/err"
	[ $? -ne 2 ] || cat "$work/err"
}

policy other '  capabilities: {matchCapabilities: [{capability: sys_time}]}'
policy allowed '  file: {matchPaths: [{path: /var/lib/karmor/probe, action: Allow}, {path: /etc/nothing, action: Audit}], matchDirectories: [{dir: /, recursive: true, action: Allow}]}'
# Before karmor has ever run here: a name that is not there is taken, too.
is "$(run other sh -c 'mkdir /etc/karmor 2> /dev/null; ln -s /tmp /var/lib/karmor 2> /dev/null; mv /srv /etc/karmor 2> /dev/null; ls -d /etc/karmor /var/lib/karmor 2> /dev/null; echo end')" \
	end "a directory that is not there yet is made by no workload"

mkdir -p "$moved" /srv/root
mount -t tmpfs none /srv/root
mkdir -p /srv/root/old
prepare
printf 'policies: %s\nstate: %s\nruntime: %s/run\nsocket: %s/run/socket\n' "$moved/deep" "$moved" "$work" "$work" > "$work/karmord.yaml"
"$build/daemon/karmord" --config "$work/karmord.yaml" > "$work/log" 2>&1 &
daemon=$!
eventually "$karmor" get policies --socket "$work/run/socket" > /dev/null 2>&1
check $? "karmord starts" "$(cat "$work/log")"
sleep 100000 &
beside=$!

mkdir -p /run/above /srv/beside
mount --bind /var/lib /run/above
controls=$(act "${dirs[@]}")
prepare
mountpoint -q /run/above || mount --bind /var/lib /run/above
echo "$controls" | grep '^no ' | sed 's/^/# control: /'
keep_loaded
for policy in other allowed; do
	[ "$policy" = other ] || [ -n "${KARMOR_LONG:-}" ] || dirs=(/var/lib/karmor)
	under=$(run "$policy" python3 "$work/acts.py" "${dirs[@]}")
	cp "$work/events" "$work/events-$policy"
	while read -r outcome act; do
		# The last that it was asked has no path in it.
		grep -qx ".. $act" <<< "$under" || [[ $act != *" /"* ]] || continue
		wanted="no $act"
		[[ $act != allows* ]] || wanted="ok $act"
		if [ "$outcome" = ok ]; then
			is "$(grep -x ".. $act" <<< "$under")" "$wanted" "$policy: $act"
		else
			skip "$policy: $act" "not even outside of a workload"
		fi
	done <<< "$controls"
	has "$(cat "$work/events-$policy")" '"Resource":"/var/lib/karmor/probe"' "$policy: that is told of"
	has "$(grep -F '"/var/lib/karmor/probe"' "$work/events-$policy")" "no workload may change what karmor keeps for itself" \
		"$policy: and why"
	prepare
done

is "$(run other sh -c "kill -9 $daemon; kill -0 $daemon && python3 -c 'import os, signal; signal.pidfd_send_signal(os.pidfd_open($daemon), 9)'" > /dev/null 2>&1; kill -0 "$daemon" && echo lives)" \
	lives "no workload ends karmord"
is "$(run other sh -c "kill -9 $beside && echo sent")" sent "control: one ends another process"
kill "$daemon"
wait "$daemon"
is $? 0 "who is in no workload does"
unkeep
umount /run/above /srv/root
plan
