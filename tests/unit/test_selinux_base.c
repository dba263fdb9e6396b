/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a base policy, and what a module has to know of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"
#include "caps.h"
#include "cleanup.h"
#include "selinux/reference.h"
#include "selinux/selinux.h"

DEFINE_CLEANUP(base, struct base, base_free)
DEFINE_CLEANUP(caps, struct karmor_caps, karmor_caps_free)

START_TEST(a_base_policy_is_asked)
{
	_cleanup_(cleanup_caps) struct karmor_caps *caps = NULL;
	_cleanup_(cleanup_base) struct base *base = NULL;
	_cleanup_buf_ struct buf copy = { 0 };
	size_t left_out = 0;

	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("selinux"), &caps), 0);
	ck_assert_int_eq(base_open(caps, &base, NULL), 0);
	ck_assert(base_has_type(base, "shadow_t") && !base_has_type(base, "file_type"));
	ck_assert(base_has_attribute(base, "file_type") && base_has_role(base, "system_r"));
	ck_assert(base_has_perm(base, "file", "execute") &&
		  base_has_perm(base, "file", "entrypoint"));
	ck_assert(!base_has_perm(base, "file", "fly") && !base_has_perm(base, "bird", NULL));
	ck_assert(base_allows(base, "sshd_t", "shadow_t", "file", "read"));
	ck_assert(!base_allows(base, "sshd_t", "shadow_t", "file", "write"));
	ck_assert(base_allows(base, "init_t", "shadow_t", "file", "write")); /* by attributes */
	ck_assert_str_eq(base_type_of(base, "/etc/shadow"), "shadow_t");
	ck_assert_str_eq(base_type_of(base, "/etc/passwd"), "etc_t");
	ck_assert_str_eq(base_type_of(base, "/usr/sbin/nginx"), "httpd_exec_t");
	base_clone(base, "shadow_t", "copy_t", &copy, &left_out);
	ck_assert_ptr_nonnull(strstr(copy.data, "(typeattributeset file_type (copy_t))\n"));
	ck_assert_ptr_nonnull(strstr(copy.data, "(auditallow sshd_t copy_t (file (read)))\n"));
	ck_assert_ptr_nonnull(strstr(copy.data, "(dontaudit container_t copy_t "));
	ck_assert_uint_eq(left_out, 0);
}
END_TEST

static const struct {
	const char *image;
	size_t len;
} broken[] = { { "", 0 }, { "no policy", 9 }, { "\x8c\xff\x7c\xf9\x08\0\0\0SE Linux", 16 } };

START_TEST(what_is_no_policy_is_told)
{
	_cleanup_(cleanup_caps) struct karmor_caps *caps = NULL;
	_cleanup_(cleanup_base) struct base *base = NULL;
	struct karmor_diag *diag = karmor_diag_new();

	ck_assert_int_eq(caps_new(karmor_backend_find("selinux"), &caps), 0);
	ck_assert_int_eq(base_open(caps, &base, diag), -EINVAL);
	ck_assert_int_eq(caps_set_bytes(caps, SELINUX_CAP_POLICY, broken[_i].image, broken[_i].len),
			 0);
	ck_assert_int_eq(base_open(caps, &base, diag), -EINVAL);
	ck_assert_ptr_nonnull(karmor_diag_at(diag, 1));
	karmor_diag_free(diag);
}
END_TEST

/* As many as tools make, one type for each sort of containers. */
#define N_CONTAINERS 200

START_TEST(a_workload_can_have_every_type_of_containers)
{
	_cleanup_(cleanup_caps) struct karmor_caps *caps = NULL;
	_cleanup_(cleanup_base) struct base *base = NULL;
	_cleanup_free_ char *own = reference_cil();
	_cleanup_(arena_done) struct arena arena = { 0 };
	struct selinux_facts facts = { 0 };
	_cleanup_buf_ struct buf more = { 0 };
	_cleanup_free_ void *image = NULL;
	const char *texts[2] = { own };
	size_t len;

	buf_puts(&more, "(typeattribute container_domain)"
			"(typeattributeset container_domain (container_t))"
			"(allow container_domain container_file_t (file (write)))");
	for (int i = 0; i < N_CONTAINERS; i++)
		buf_printf(&more,
			   "(type c%d_t)(roletype system_r c%d_t)"
			   "(typeattributeset container_domain (c%d_t))",
			   i, i, i);
	texts[1] = more.data;
	ck_assert_int_eq(reference_compile(texts, 2, &image, &len), 0);
	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("selinux"), &caps), 0);
	ck_assert_int_eq(caps_set_bytes(caps, SELINUX_CAP_POLICY, image, len), 0);
	ck_assert_int_eq(base_open(caps, &base, NULL), 0);
	ck_assert_int_eq(selinux_facts(base, &arena, &facts, NULL), 0);
	ck_assert_uint_eq(facts.n_domains, 2 + N_CONTAINERS);
	ck_assert_str_eq(facts.domains[0].name, "unconfined_t");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_base");
	TCase *policy = tcase_create("base policy");

	tcase_add_test(policy, a_base_policy_is_asked);
	tcase_add_loop_test(policy, what_is_no_policy_is_told, 0, ARRAY_SIZE(broken));
	tcase_add_test(policy, a_workload_can_have_every_type_of_containers);
	suite_add_tcase(suite, policy);
	return support_run(suite);
}
