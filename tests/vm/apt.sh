# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2154
#
# Debian packages of other releases, without touching this machine's own package state: a private apt
# root, one release at a time, on the mirror that this machine itself uses. Who includes this sets work to a
# directory that is thrown away.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() {
	echo "tests/vm: $*" >&2
}

die() {
	say "$*"
	exit 1
}

first_debian_mirror() {
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		sed -n '/^Debian|Debian|/{s///;p;q}'
}

debian_mirror() {
	local mirror=${KARMOR_VM_MIRROR:-}

	[[ -n $mirror ]] || mirror=$(first_debian_mirror)
	if [[ -z $mirror ]]; then
		apt-get -qq -o DPkg::Lock::Timeout=600 update >&2 || true
		mirror=$(first_debian_mirror)
	fi
	[[ -n $mirror ]] || die "no Debian mirror in this machine's apt configuration; set KARMOR_VM_MIRROR"
	echo "$mirror"
}

# Shows what a command printed only if it failed.
quietly() {
	"$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; die "$1 failed"; }
}

debian_source() {
	echo "deb [signed-by=$keyring] $(debian_mirror) $1 main"
}

# Sets apt_options for a private root in directory $1 that knows release $2 alone.
# apt.conf.d of this machine stays in force, for its proxies.
apt_private_root() {
	local root=$1 release=$2

	mkdir -p "$root/lists/partial" "$root/cache/archives/partial"
	: >"$root/status"
	debian_source "$release" >"$root/sources.list"
	apt_options=(
		-qq
		-o "Dir::State=$root" -o "Dir::State::status=$root/status"
		-o "Dir::Cache=$root/cache"
		-o "Dir::Etc::sourcelist=$root/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
		-o APT::Sandbox::User=root -o APT::Architecture=amd64 -o APT::Architectures=amd64
	)
	quietly apt-get "${apt_options[@]}" update
}
