/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a machine: whether its SELinux can enforce, and if not, why not and what to do.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <karmor/karmor.h>

#include "../support.h"
#include "caps.h"
#include "cleanup.h"
#include "selinux/machine.h"

DEFINE_CLEANUP(caps, struct karmor_caps, karmor_caps_free)

static const struct {
	struct selinux_machine machine;
	enum karmor_state state;
	const char *reason;
} machines[] = {
	{ { .listed = 0 }, KARMOR_NOT_ACTIVE, "not in lsm=" },
	{ { .listed = -2 }, KARMOR_NOT_ACTIVE, "no policy is loaded" },
	{ { .listed = 1 }, KARMOR_NOT_ACTIVE, "no policy is loaded" },
	{ { .listed = 1, .loaded = 1 }, KARMOR_NOT_ACTIVE, "permissive: it denies nothing" },
	{ { .listed = 1, .loaded = 1, .enforcing = 1 },
	  KARMOR_NOT_PERMITTED,
	  "not permitted: reading and changing the policy needs CAP_MAC_ADMIN" },
	{ { .listed = 1, .loaded = 1, .enforcing = 1, .privileged = 1, .readable = -5 },
	  KARMOR_BROKEN,
	  "the policy that is loaded cannot be compiled for" },
	{ { .listed = 1, .loaded = 1, .enforcing = 1, .privileged = 1, .readable = 1, .type = "x" },
	  KARMOR_BROKEN,
	  "there is no module store /var/lib/selinux/x" },
	{ { 1, 1, 1, 1, 1, 1, 0, 33, "targeted", "staff_t" },
	  KARMOR_NOT_PERMITTED,
	  "not permitted: a task of the type \"staff_t\" cannot become a workload" },
	{ { 1, 1, 1, 1, 1, 1, 1, 33, "targeted", "unconfined_t" },
	  KARMOR_READY,
	  "enforcing, policy 33, store /var/lib/selinux/targeted" },
};

START_TEST(each_state_of_a_machine_has_its_message)
{
	_cleanup_(cleanup_caps) struct karmor_caps *caps = NULL;

	ck_assert_int_eq(caps_new(karmor_backend_find("selinux"), &caps), 0);
	ck_assert_int_eq(selinux_state(caps, &machines[_i].machine), 0);
	ck_assert_int_eq(karmor_caps_state(caps), machines[_i].state);
	if (machines[_i].state == KARMOR_READY) {
		ck_assert_str_eq(karmor_caps_summary(caps), machines[_i].reason);
		return;
	}
	ck_assert_str_eq(karmor_caps_reason(caps), machines[_i].reason);
	ck_assert_ptr_nonnull(karmor_caps_fix(caps));
}
END_TEST

START_TEST(without_selinux_no_engine_is_opened)
{
	struct karmor_diag *diag = karmor_diag_new();
	struct karmor_engine *engine = NULL;

	if (access("/sys/fs/selinux/enforce", F_OK) == 0) {
		karmor_diag_free(diag);
		return;
	}
	ck_assert_int_eq(karmor_engine_open(karmor_backend_find("selinux"), &engine, diag),
			 -EOPNOTSUPP);
	ck_assert_ptr_null(engine);
	ck_assert_str_eq(karmor_diag_at(diag, 0)->text, "selinux: it is not active");
	karmor_diag_free(diag);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_machine");
	TCase *machine = tcase_create("machine");

	tcase_add_loop_test(machine, each_state_of_a_machine_has_its_message, 0,
			    ARRAY_SIZE(machines));
	tcase_add_test(machine, without_selinux_no_engine_is_opened);
	suite_add_tcase(suite, machine);
	return support_run(suite);
}
