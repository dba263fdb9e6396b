/* SPDX-License-Identifier: Apache-2.0 */
/* The reference policy as facts of caps; it was compiled when this was built (reference-cil.c). */
#include "reference.h"

#include <string.h>

#include "reference-policy.h"

static const char file_contexts[] =
	"/.*\tsystem_u:object_r:default_t:s0\n"
	"/\t-d\tsystem_u:object_r:root_t:s0\n"
	"/var(/.*)?\tsystem_u:object_r:var_t:s0\n"
	"/var/log(/.*)?\tsystem_u:object_r:var_log_t:s0\n"
	"/etc(/.*)?\tsystem_u:object_r:etc_t:s0\n"
	"/etc/g?shadow.*\t--\tsystem_u:object_r:shadow_t:s0\n"
	"/etc/nginx(/.*)?\tsystem_u:object_r:httpd_config_t:s0\n"
	"/usr(/.*)?\tsystem_u:object_r:usr_t:s0\n"
	"/(usr/)?lib(32|64)?(/.*)?\tsystem_u:object_r:lib_t:s0\n"
	"/(usr/)?lib(32|64)?/(.*/)?ld[^/]*\\.so(\\.[^/]*)*\t--\tsystem_u:object_r:ld_so_t:s0\n"
	"/(usr/)?(usr/local/)?s?bin(/.*)?\tsystem_u:object_r:bin_t:s0\n"
	"/(usr/)?bin/(ba|da|z|k)?sh\t--\tsystem_u:object_r:shell_exec_t:s0\n"
	"/usr/sbin/nginx\t--\tsystem_u:object_r:httpd_exec_t:s0\n"
	"/usr/sbin/sshd\t--\tsystem_u:object_r:sshd_exec_t:s0\n"
	"/tmp(/.*)?\tsystem_u:object_r:tmp_t:s0\n"
	"/home/[^/]+(/.*)?\tsystem_u:object_r:user_home_t:s0\n"
	"/root(/.*)?\tsystem_u:object_r:user_home_t:s0\n"
	"/mnt(/.*)?\tsystem_u:object_r:mnt_t:s0\n"
	"/dev(/.*)?\tsystem_u:object_r:device_t:s0\n"
	"/dev/null\t-c\tsystem_u:object_r:null_device_t:s0\n"
	"/proc\t-d\t<<none>>\n"
	"/sys(/.*)?\tsystem_u:object_r:sysfs_t:s0\n";

int reference_caps(struct karmor_caps *caps)
{
	int r = caps_set_bytes(caps, SELINUX_CAP_POLICY, reference_policy,
			       sizeof(reference_policy));

	return r ? r
		 : caps_set_bytes(caps, SELINUX_CAP_FILE_CONTEXTS, file_contexts,
				  strlen(file_contexts));
}

bool reference_is(const struct karmor_caps *caps)
{
	size_t len;
	const char *policy = caps_bytes(caps, SELINUX_CAP_POLICY, &len);

	return policy && len == sizeof(reference_policy) &&
	       memcmp(policy, reference_policy, len) == 0;
}
