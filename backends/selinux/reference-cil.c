/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small policy that is made like the reference policy, from which distributions derive theirs:
 * the same classes, and of its domains, types and constraints those that matter here. It stands for
 * a machine's where there is none, and tests compile modules together with it.
 */
/* First, for a member of theirs is called bool. */
#include <sepol/cil/cil.h>

#include <errno.h>
#include <sepol/debug.h>
#include <sepol/handle.h>
#include <sepol/policydb.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "reference.h"

/* What Linux 6.1 reads. */
#define POLICY_VERSION 33

#define FILE_PERMS                                                                                 \
	"ioctl read write create getattr setattr lock relabelfrom relabelto append map unlink "    \
	"link rename execute quotaon mounton open"
#define SOCKET_PERMS                                                                               \
	"ioctl read write create getattr setattr lock relabelfrom relabelto append map bind "      \
	"connect listen accept getopt setopt shutdown recvfrom sendto name_bind"
#define SOCKET_CLASSES                                                                             \
	"socket tcp_socket udp_socket rawip_socket packet_socket netlink_socket key_socket "       \
	"unix_stream_socket unix_dgram_socket icmp_socket sctp_socket dccp_socket ax25_socket "    \
	"ipx_socket netrom_socket atmpvc_socket x25_socket rose_socket decnet_socket "             \
	"atmsvc_socket rds_socket irda_socket pppox_socket llc_socket can_socket tipc_socket "     \
	"bluetooth_socket iucv_socket rxrpc_socket isdn_socket phonet_socket ieee802154_socket "   \
	"caif_socket alg_socket nfc_socket vsock_socket kcm_socket qipcrtr_socket smc_socket "     \
	"xdp_socket appletalk_socket"
#define CAPS                                                                                       \
	"chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap "             \
	"linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner "     \
	"sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice "        \
	"sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap"
#define CAPS2                                                                                      \
	"mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf "           \
	"checkpoint_restore"
#define FILE_CLASSES "file lnk_file chr_file blk_file sock_file fifo_file"

static const char *const head[] = {
	"(mls true)(handleunknown allow)",
	"(policycap network_peer_controls)(policycap open_perms)(policycap extended_socket_class)",
	"(policycap nnp_nosuid_transition)",
	"(sensitivity s0)(sensitivityorder (s0))(category c0)(category c1)(category c1023)",
	"(categoryorder (c0 c1 c1023))(sensitivitycategory s0 (range c0 c1023))",
	"(level low (s0))(levelrange all (low (s0 (range c0 c1023))))(levelrange lowlow (low low))",
	"(common file (" FILE_PERMS "))(common socket (" SOCKET_PERMS "))",
	"(class file (execute_no_trans entrypoint execmod))(classcommon file file)",
	"(class dir (add_name remove_name reparent search rmdir))(classcommon dir file)",
	"(class process (fork transition sigchld sigkill sigstop signull signal ptrace setsched "
	"setexec setfscreate noatsecure siginh rlimitinh dyntransition setcurrent execmem "
	"setkeycreate setsockcreate getattr))",
	"(class process2 (nnp_transition nosuid_transition))(class fd (use))",
	"(class capability (" CAPS "))(class capability2 (" CAPS2 "))",
	"(class cap_userns (" CAPS "))(class cap2_userns (" CAPS2 "))",
	"(class filesystem (associate mount relabelfrom relabelto))",
};

/* Those that have the permissions of their common and no others. */
static const struct {
	const char *classes, *common;
} plain[] = { { "lnk_file chr_file blk_file sock_file fifo_file", "file" },
	      { SOCKET_CLASSES, "socket" } };

static const char *const classes[] = {
	"file",	      "dir",	     "process",	   "process2",	  "fd",
	"capability", "capability2", "cap_userns", "cap2_userns", "filesystem",
};

static const char *const types[] = {
	"root_t",
	"default_t",
	"etc_t",
	"shadow_t",
	"usr_t",
	"lib_t",
	"ld_so_t",
	"var_t",
	"var_log_t",
	"tmp_t",
	"user_home_t",
	"device_t",
	"null_device_t",
	"proc_t",
	"sysfs_t",
	"httpd_config_t",
	"mnt_t",
	"unlabeled_t",
	"bin_t",
	"shell_exec_t",
	"httpd_exec_t",
	"sshd_exec_t",
	"container_file_t",
};

#define DOMAINS "kernel_t init_t sshd_t httpd_t unconfined_t container_t"
#define EXEC_TYPES "bin_t shell_exec_t httpd_exec_t sshd_exec_t"

static const char *const tail[] = {
	"(sid kernel)(sidorder (kernel))(sidcontext kernel (system_u system_r kernel_t lowlow))",
	"(typeattribute domain)(typeattribute file_type)(typeattribute exec_type)",
	"(typeattribute unconfined)(typeattribute can_change_process_role)",
	"(typeattribute process_user_target)(typeattribute can_change_object_identity)",
	"(type kernel_t)(type init_t)(type sshd_t)(type httpd_t)(type unconfined_t)",
	"(type container_t)",
	"(typeattributeset domain (" DOMAINS "))",
	"(typeattributeset exec_type (" EXEC_TYPES "))",
	"(typeattributeset unconfined (kernel_t init_t unconfined_t))",
	"(typeattributeset can_change_process_role (init_t sshd_t))",
	"(typeattributeset process_user_target (unconfined_t))",
	"(typeattributeset can_change_object_identity (init_t unconfined_t))",
	"(role object_r)(role system_r)(role unconfined_r)",
	"(roletype system_r domain)(roletype unconfined_r unconfined_t)",
	"(roletype object_r domain)(roletype object_r file_type)",
	"(roleallow system_r unconfined_r)",
	"(user system_u)(user unconfined_u)(user root)",
	"(userrole system_u object_r)(userrole unconfined_u object_r)(userrole root object_r)",
	"(userrole system_u system_r)(userrole unconfined_u unconfined_r)",
	"(userrole unconfined_u system_r)(userrole root unconfined_r)(userrole root system_r)",
	"(userlevel system_u low)(userlevel unconfined_u low)(userlevel root low)",
	"(userrange system_u all)(userrange unconfined_u all)(userrange root all)",
	/* what is unconfined may do all but enter other domains */
	"(allow unconfined file_type (file (" FILE_PERMS ")))",
	"(allow unconfined exec_type (file (execute_no_trans)))",
	"(allow unconfined_t file_type (file (execute_no_trans)))",
	"(allow unconfined file_type (dir (" FILE_PERMS " add_name remove_name reparent search "
	"rmdir)))",
	"(allow unconfined self (process (fork sigchld sigkill signal setexec setfscreate "
	"setcurrent execmem)))",
	"(allow unconfined self (fd (use)))",
	"(allow unconfined_t bin_t (file (entrypoint)))",
	"(allow unconfined_t shell_exec_t (file (entrypoint)))",
	"(allow sshd_t unconfined_t (process (transition)))",
	"(allow unconfined self (capability (" CAPS ")))",
	"(allow unconfined self (capability2 (" CAPS2 ")))",
	"(allow unconfined self (cap_userns (" CAPS ")))",
	"(allow unconfined self (cap2_userns (" CAPS2 ")))",
	/* a container has what is its own */
	"(allow container_t container_file_t (file (" FILE_PERMS " execute_no_trans entrypoint)))",
	"(allow container_t usr_t (file (read getattr open map execute)))",
	"(allow container_t self (tcp_socket (" SOCKET_PERMS ")))",
	"(allow container_t self (udp_socket (" SOCKET_PERMS ")))",
	"(allow container_t self (capability (chown net_bind_service net_raw)))",
	"(dontaudit container_t shadow_t (file (read getattr)))",
	/* rules that name a type, which a copy of it must have as well */
	"(allow init_t sshd_exec_t (file (entrypoint)))",
	"(allow init_t sshd_t (process (transition)))",
	"(typetransition init_t sshd_exec_t process sshd_t)",
	"(allow sshd_t sshd_exec_t (file (entrypoint read execute)))",
	"(allow sshd_t shell_exec_t (file (read getattr open map execute)))",
	"(allow sshd_t bin_t (file (read getattr open map execute execute_no_trans)))",
	"(allow sshd_t shadow_t (file (read getattr open)))",
	"(auditallow sshd_t shadow_t (file (read)))",
	"(dontaudit httpd_t bin_t (file (read)))",
	"(allow httpd_t httpd_config_t (file (read getattr open)))",
	"(allow httpd_t httpd_exec_t (file (entrypoint read execute)))",
	/* the constraints that a role, a user or a type of ours meets */
	"(constrain (process (transition noatsecure siginh rlimitinh)) (or (eq r1 r2) "
	"(and (eq t1 can_change_process_role) (eq t2 process_user_target))))",
	"(constrain (process (dyntransition)) (and (eq u1 u2) (eq r1 r2)))",
	"(constrain (file (create relabelfrom relabelto)) (or (eq u1 u2) "
	"(eq t1 can_change_object_identity)))",
	"(mlsconstrain (file (read write create execute)) (or (dom h1 h2) (neq t1 container_t)))",
};

/* Calls @format with each word of a list that blanks separate. */
static void words_write(struct buf *buf, const char *words, const char *format)
{
	_cleanup_free_ char *copy = strdup(words);
	char *rest = copy, *word;

	buf->failed |= !copy;
	while (copy && (word = strsep(&rest, " ")))
		if (*word)
			buf_printf(buf, format, word, word);
}

static void lines_write(struct buf *buf, const char *const *lines, size_t n, const char *format)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(buf, format, lines[i], lines[i]);
}

/* Of all classes of sockets, and of files that are none, the same is allowed. */
static void allows_write(struct buf *buf)
{
	words_write(buf, SOCKET_CLASSES, "(allow unconfined self (%s (" SOCKET_PERMS ")))\n");
	words_write(buf, "lnk_file chr_file blk_file sock_file fifo_file",
		    "(allow unconfined file_type (%s (" FILE_PERMS ")))\n");
	words_write(buf, "fifo_file sock_file", "(allow unconfined self (%s (" FILE_PERMS ")))\n");
}

static void reference_write(struct buf *buf)
{
	lines_write(buf, head, ARRAY_SIZE(head), "%s\n");
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		_cleanup_buf_ struct buf format = { 0 };

		buf_printf(&format, "(class %%s ())(classcommon %%s %s)\n", plain[i].common);
		if (format.data)
			words_write(buf, plain[i].classes, format.data);
		buf->failed |= buf_failed(&format);
	}
	buf_puts(buf, "(classorder (");
	lines_write(buf, classes, ARRAY_SIZE(classes), "%s ");
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		buf_printf(buf, "%s ", plain[i].classes);
	buf_puts(buf, "))\n");
	lines_write(buf, tail, 6, "%s\n");
	lines_write(buf, types, ARRAY_SIZE(types), "(type %s)(typeattributeset file_type (%s))\n");
	lines_write(buf, tail + 6, ARRAY_SIZE(tail) - 6, "%s\n");
	allows_write(buf);
}

char *reference_cil(void)
{
	_cleanup_buf_ struct buf buf = { 0 };

	reference_write(&buf);
	return buf_take(&buf);
}

static int compile_to(struct cil_db *db, void **ret, size_t *len)
{
	sepol_policydb_t *policy = NULL;
	sepol_handle_t *handle = sepol_handle_create();
	int r = -EINVAL;

	if (!handle)
		return -ENOMEM;
	sepol_msg_set_callback(handle, NULL, NULL);
	if (cil_compile(db) == 0 && cil_build_policydb(db, &policy) == 0 &&
	    sepol_policydb_to_image(handle, policy, ret, len) == 0)
		r = 0;
	sepol_policydb_free(policy);
	sepol_handle_destroy(handle);
	return r;
}

int reference_compile(const char *const *texts, size_t n, void **ret, size_t *len)
{
	struct cil_db *db = NULL;
	int r = 0;

	cil_set_log_level(CIL_ERR);
	cil_db_init(&db);
	cil_set_mls(db, 1);
	cil_set_policy_version(db, POLICY_VERSION);
	cil_set_attrs_expand_generated(db, 0);
	cil_set_disable_neverallow(db, 0);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = cil_add_file(db, i ? "module" : "base", texts[i], strlen(texts[i])) ? -EINVAL
											: 0;
	r = r ? r : compile_to(db, ret, len);
	cil_db_destroy(&db);
	return r;
}
