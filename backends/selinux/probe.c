/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine's SELinux is like. Its policy and its file contexts become facts of caps, so
 * that what is compiled under them is for this machine.
 */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <selinux/selinux.h>
#include <stdlib.h>
#include <unistd.h>

#include "base.h"
#include "cleanup.h"
#include "fs.h"
#include "probe.h"

#define POLICY "/sys/fs/selinux/policy"
#define STORE "/var/lib/selinux"

DEFINE_CLEANUP(base, struct base, base_free)
DEFINE_CLEANUP(type, char, free)

int selinux_state(struct karmor_caps *caps, const struct selinux_machine *machine)
{
	if (machine->listed == 0)
		return caps_state(caps, KARMOR_NOT_ACTIVE, "boot with lsm=...,selinux",
				  "not in lsm=");
	if (machine->loaded != 1)
		return caps_state(caps, KARMOR_NOT_ACTIVE,
				  "install a policy, and boot with selinux=1",
				  "no policy is loaded");
	if (machine->enforcing == 0)
		return caps_state(caps, KARMOR_NOT_ACTIVE, "setenforce 1",
				  "permissive: it denies nothing");
	if (machine->privileged != 1)
		return caps_state(caps, KARMOR_NOT_PERMITTED, "run as root",
				  "not permitted: reading and changing the policy needs "
				  "CAP_MAC_ADMIN");
	if (machine->readable != 1)
		return caps_state(caps, KARMOR_BROKEN, "rebuild the policy: semodule -B",
				  "the policy that is loaded cannot be compiled for");
	if (machine->stored != 1)
		return caps_state(caps, KARMOR_BROKEN, "install the policy's package again",
				  "there is no module store " STORE "/%s", machine->type);
	return caps_state(caps, KARMOR_NOT_ACTIVE,
			  "use bpf; karmor compile --backend selinux prints the module",
			  "enforcing, policy %d, store %s/%s; this karmor compiles for SELinux and "
			  "cannot load",
			  machine->version, STORE, machine->type);
}

static int file_take(struct karmor_caps *caps, const char *name, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_buf_ struct buf text = { 0 };
	char part[65536];
	ssize_t len = -1;

	if (fd < 0)
		return -errno;
	while (text.len <= FS_FILE_MAX && (len = read(fd, part, sizeof(part))) > 0)
		buf_add(&text, part, (size_t)len);
	if (buf_failed(&text))
		return -ENOMEM;
	if (len != 0)
		return -EIO;
	return caps_set_bytes(caps, name, text.data ? text.data : "", text.len);
}

/* 1 where what was taken can be compiled for. */
static int policy_take(struct karmor_caps *caps)
{
	_cleanup_(cleanup_base) struct base *base = NULL;
	const char *contexts = selinux_file_context_path();
	int r = file_take(caps, SELINUX_CAP_POLICY, POLICY);

	r = r ? r : contexts ? file_take(caps, SELINUX_CAP_FILE_CONTEXTS, contexts) : -ENOENT;
	r = r ? r : base_open(caps, &base, NULL);
	return r ? r : 1;
}

static int store_find(const char *type)
{
	_cleanup_buf_ struct buf path = { 0 };

	buf_printf(&path, STORE "/%s/active", type);
	return buf_failed(&path) ? -ENOMEM : access(path.data, F_OK) == 0;
}

int selinux_probe(struct karmor_caps *caps, struct karmor_diag *diag)
{
	_cleanup_(cleanup_type) char *type = NULL;
	struct selinux_machine machine = { .listed = probe_lsm("selinux"), .type = "" };

	machine.loaded = machine.listed && is_selinux_enabled() == 1;
	if (machine.loaded) {
		machine.enforcing = security_getenforce();
		machine.version = security_policyvers();
		machine.privileged = probe_capability(CAP_MAC_ADMIN);
		machine.readable = machine.privileged == 1 ? policy_take(caps) : 0;
		machine.type = selinux_getpolicytype(&type) == 0 && type ? type : "";
		machine.stored = store_find(machine.type);
	}
	if (machine.readable == -ENOMEM || machine.stored == -ENOMEM)
		return -ENOMEM;
	return selinux_state(caps, &machine);
}
