/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine's SELinux is like. Its policy and its file contexts become facts of caps, so
 * that what is compiled under them is for this machine.
 */
#include "machine.h"

#include <errno.h>
#include <linux/capability.h>
#include <selinux/selinux.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "cleanup.h"
#include "probe.h"
#include "selinux.h"
#include "state.h"

#define STORE "/var/lib/selinux"

DEFINE_CLEANUP(base, struct base, base_free)
DEFINE_CLEANUP(type, char, free)

int selinux_state(struct karmor_caps *caps, const struct selinux_machine *machine)
{
	_cleanup_buf_ struct buf summary = { 0 };

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
	if (machine->enters != 1)
		return caps_state(
			caps, KARMOR_NOT_PERMITTED,
			"start it from unconfined_t, as an administrator's shell is; a service "
			"by SELinuxContext=, see karmor-selinux(7)",
			"not permitted: a task of the type \"%s\" cannot become a workload",
			machine->domain);
	buf_printf(&summary, "enforcing, policy %d, store %s/%s", machine->version, STORE,
		   machine->type);
	caps->summary = buf_failed(&summary) ? NULL : arena_strdup(&caps->arena, summary.data);
	caps->state = KARMOR_READY;
	return caps->summary ? 0 : -ENOMEM;
}

static int file_take(struct karmor_caps *caps, const char *name, const char *path)
{
	_cleanup_buf_ struct buf text = { 0 };
	int r = selinux_file_read(path, &text);

	return r ? r : caps_set_bytes(caps, name, text.data ? text.data : "", text.len);
}

/* The policy that modules are made for: where one is loaded, that from before it. */
static int policy_take(struct karmor_caps *caps, struct base **ret)
{
	int r = file_take(caps, SELINUX_CAP_POLICY, SELINUX_POLICY);

	r = r ? r : base_open(caps, ret, NULL);
	if (r || !base_has_module(*ret) || access(SELINUX_STATE_BASE, R_OK) < 0)
		return r;
	base_free(*ret);
	*ret = NULL;
	r = file_take(caps, SELINUX_CAP_POLICY, SELINUX_STATE_BASE);
	return r ? r : base_open(caps, ret, NULL);
}

/* Whether our own type is one that workloads have, and may change its context. */
static int entry_find(const struct base *base, char **domain)
{
	char *context = NULL, *at, *type;

	if (getcon_raw(&context) < 0)
		return 0;
	at = context;
	for (int i = 0; i < 3; i++)
		type = strsep(&at, ":");
	*domain = strdup(type ? type : "");
	freecon(context);
	if (!*domain)
		return -ENOMEM;
	return selinux_is_domain(*domain) &&
	       base_allows(base, *domain, *domain, "process", "setcurrent");
}

/* What can be compiled for. */
static int machine_take(struct karmor_caps *caps, struct selinux_machine *machine, char **domain)
{
	_cleanup_(cleanup_base) struct base *base = NULL;
	const char *contexts = selinux_file_context_path();
	int r = contexts ? file_take(caps, SELINUX_CAP_FILE_CONTEXTS, contexts) : -ENOENT;

	r = r ? r : policy_take(caps, &base);
	machine->enters = r ? 0 : entry_find(base, domain);
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
	_cleanup_free_ char *domain = NULL;
	struct selinux_machine machine = { .listed = probe_lsm("selinux"), .type = "" };

	machine.loaded = machine.listed && is_selinux_enabled() == 1;
	if (machine.loaded) {
		machine.enforcing = security_getenforce();
		machine.version = security_policyvers();
		machine.privileged = probe_capability(CAP_MAC_ADMIN);
		machine.readable =
			machine.privileged == 1 ? machine_take(caps, &machine, &domain) : 0;
		machine.type = selinux_getpolicytype(&type) == 0 && type ? type : "";
		machine.stored = store_find(machine.type);
	}
	if (machine.readable == -ENOMEM || machine.enters == -ENOMEM || machine.stored == -ENOMEM)
		return -ENOMEM;
	machine.domain = domain ? domain : "";
	return selinux_state(caps, &machine);
}
