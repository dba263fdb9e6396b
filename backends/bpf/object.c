/* SPDX-License-Identifier: Apache-2.0 */
/* See object.h. */
#include "object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "buf.h"
#include "cleanup.h"
#include "demand.h"

/* Hooks that some kernels have and others do not; elsewhere another hook sees the same access. */
static const char *const optional_hooks[] = {
	"file_truncate",      /* 6.2; before, path_truncate is called for ftruncate as well */
	"inode_set_acl",      /* 6.2; before, inode_setxattr is */
	"inode_remove_acl",   /* the same with inode_removexattr */
	"inode_file_setattr", /* 6.17; before, it was by ioctl alone */
};

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

const char *object_hook(const struct bpf_program *program)
{
	const char *slash = strchr(bpf_program__section_name(program), '/');

	return slash ? slash + 1 : "";
}

static bool btf_has_function(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

bool object_has_hook(const struct btf *btf, const char *hook)
{
	_cleanup_buf_ struct buf name = { 0 };

	buf_printf(&name, "bpf_lsm_%s", hook);
	return !buf_failed(&name) && btf_has_function(btf, name.data);
}

bool object_is_enforcing(const struct karmor_bpf *skeleton, const struct bpf_program *program)
{
	const struct bpf_program *others[] = {
		skeleton->progs.karmor_probe,  skeleton->progs.karmor_inode,
		skeleton->progs.karmor_locate, skeleton->progs.karmor_decide,
		skeleton->progs.karmor_adopt,  skeleton->progs.karmor_adopting,
		skeleton->progs.karmor_host,   skeleton->progs.karmor_hosting,
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (program == others[i])
			return false;
	return true;
}

/* Whether programs of the tracepoint of system calls are preempted: see bpf/syscall.bpf.c. */
static bool syscalls_preempted(const struct btf *btf)
{
	return btf_has_function(btf, "trace_call_bpf_faultable");
}

bool object_knows_syscalls(const struct btf *btf)
{
#ifdef __x86_64__
	return btf__find_by_name_kind(btf, "btf_trace_sys_enter", BTF_KIND_TYPEDEF) > 0 &&
	       (!syscalls_preempted(btf) ||
		(btf_has_function(btf, "trace_syscall_enter") &&
		 btf_has_function(btf, "bpf_kprobe_multi_link_attach")));
#else
	return false;
#endif
}

bool object_is_optional(const char *hook)
{
	for (size_t i = 0; i < ARRAY_SIZE(optional_hooks); i++)
		if (strcmp(optional_hooks[i], hook) == 0)
			return true;
	return false;
}

/* How many arguments the kernel's hook has; 0 where it has none of this name. */
static unsigned btf_hook_arguments(const struct btf *btf, const char *hook)
{
	_cleanup_buf_ struct buf name = { 0 };
	const struct btf_type *type;
	int id;

	buf_printf(&name, "bpf_lsm_%s", hook);
	id = buf_failed(&name) ? -ENOMEM : btf__find_by_name_kind(btf, name.data, BTF_KIND_FUNC);
	type = id > 0 ? btf__type_by_id(btf, btf__type_by_id(btf, (uint32_t)id)->type) : NULL;
	return type ? btf_vlen(type) : 0;
}

void object_silence(void)
{
	libbpf_set_print(print_nothing);
}

/* With PREEMPT_RT memory cannot be had where a run queue's lock is held. */
static bool is_realtime(void)
{
	struct utsname name;

	return uname(&name) < 0 || strstr(name.version, "PREEMPT_RT");
}

/* On which tracepoint forks are seen: see forked_child() in bpf/host.bpf.h. */
static int forks_place(struct karmor_bpf *skeleton, const struct btf *btf)
{
	struct bpf_program *programs[] = { skeleton->progs.karmor_adopting,
					   skeleton->progs.karmor_forked,
					   skeleton->progs.karmor_hosting };
	int r = 0;

	/* By it labels get their memory where it can be had with any lock held. */
	skeleton->rodata->forks_by_wakeup =
		btf_has_function(btf, "bpf_map_kmalloc_nolock") && !is_realtime();
	for (size_t i = 0; r == 0 && skeleton->rodata->forks_by_wakeup && i < ARRAY_SIZE(programs);
	     i++)
		r = bpf_program__set_attach_target(programs[i], 0, "sched_wakeup_new");
	return r;
}

int object_open(const struct btf *btf, struct karmor_bpf **ret)
{
	struct karmor_bpf *skeleton;
	struct bpf_program *program;
	bool three;
	int r;

	skeleton = karmor_bpf__open();
	if (!skeleton)
		return -errno;
	skeleton->rodata->has_rdonly_cast = btf_has_function(btf, "bpf_rdonly_cast");
	bpf_object__for_each_program(program, skeleton->obj)
	{
		const char *hook = object_hook(program);

		bpf_program__set_autoload(program, demand_is_of_syscalls(program)
							   ? object_knows_syscalls(btf)
							   : !object_is_optional(hook) ||
								     object_has_hook(btf, hook));
	}
	if (!syscalls_preempted(btf))
		bpf_program__set_autoload(skeleton->progs.karmor_syscall, false);
	/* Both changes came with 6.2. */
	bpf_program__set_autoload(skeleton->rodata->has_rdonly_cast
					  ? skeleton->progs.karmor_task_alloc_atomic
					  : skeleton->progs.karmor_task_alloc,
				  false);
	bpf_program__set_autoload(skeleton->progs.karmor_decide, false); /* see decision.h */
	three = btf_hook_arguments(btf, "inode_setattr") == 3;		 /* until 6.9 it has two */
	bpf_program__set_autoload(
		three ? skeleton->progs.karmor_setattr2 : skeleton->progs.karmor_setattr, false);
	r = forks_place(skeleton, btf);
	if (r < 0)
		karmor_bpf__destroy(skeleton);
	else
		*ret = skeleton;
	return r;
}

int object_load(struct karmor_bpf *skeleton)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int r = karmor_bpf__load(skeleton);

#ifdef __x86_64__
	if (r == 0)
		r = bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.karmor_locate), &opts);
#endif
	return r;
}

/*
 * FNV-1a with its constants, but eight bytes at a time, and with the upper half mixed into the
 * lower: every path below the pins has it, and every change of policies makes some.
 */
uint64_t object_digest(void)
{
	uint64_t digest = 0xcbf29ce484222325, word;
	size_t size;
	const unsigned char *bytes = karmor_bpf__elf_bytes(&size);

	for (size_t i = 0; i < size; i += sizeof(word)) {
		size_t len = size - i < sizeof(word) ? size - i : sizeof(word);

		word = 0;
		memcpy(&word, bytes + i, len);
		digest = (digest ^ word) * 0x100000001b3;
		digest ^= digest >> 32;
	}
	return digest;
}

int object_is_called(struct karmor_bpf *skeleton)
{
	struct bpf_link *link;
	int fd;

	skeleton->bss->probe_tgid = (uint32_t)getpid();
	skeleton->bss->probe_called = 0;
	link = bpf_program__attach_lsm(skeleton->progs.karmor_probe);
	if (!link)
		return -errno;
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cleanup_close(&fd);
	bpf_link__destroy(link);
	return skeleton->bss->probe_called != 0;
}
