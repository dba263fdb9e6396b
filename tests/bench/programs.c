/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: programs empty     attach an empty program to every hook that karmor uses, until killed
 *        programs verified  instructions that the verifier looked at, of each program that is
 * loaded
 *
 * What hooks cost by themselves, and what loading costs.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi.h"
#include "karmor.skel.h"

#define BPF_JMP_EXIT (BPF_JMP | 0x90)

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* Hooks that this kernel does not have are left out, as karmor does. */
static int attach_empty(const char *section)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_LSM_MAC);
	struct bpf_insn empty[] = {
		{ .code = BPF_ALU64 | 0xb0 | BPF_K },
		{ .code = BPF_JMP_EXIT },
	};
	const char *hook = strchr(section, '/');
	int id, fd;

	if (strncmp(section, "lsm", 3) != 0 || !hook)
		return 0;
	id = libbpf_find_vmlinux_btf_id(hook + 1, BPF_LSM_MAC);
	if (id < 0)
		return 0;
	opts.attach_btf_id = (__u32)id;
	opts.prog_flags = section[3] == '.' ? 1U << 4 /* BPF_F_SLEEPABLE */ : 0;
	fd = bpf_prog_load(BPF_PROG_TYPE_LSM, "empty", "GPL", empty, 2, &opts);
	return fd >= 0 && bpf_raw_tracepoint_open(NULL, fd) >= 0 ? 1 : -1;
}

static int empty(void)
{
	struct karmor_bpf *skeleton = karmor_bpf__open();
	struct bpf_program *program;
	int n = 0, r;

	if (!skeleton)
		return EXIT_FAILURE;
	bpf_object__for_each_program(program, skeleton->obj)
	{
		if (strcmp(bpf_program__name(program), "karmor_probe") == 0 ||
		    strcmp(bpf_program__name(program), "karmor_task_alloc_atomic") == 0)
			continue;
		r = attach_empty(bpf_program__section_name(program));
		if (r < 0) {
			perror(bpf_program__name(program));
			return EXIT_FAILURE;
		}
		n += r;
	}
	printf("%d\n", n);
	fflush(stdout);
	for (;;)
		pause();
}

static int verified(void)
{
	unsigned total = 0;
	__u32 id = 0;

	while (bpf_prog_get_next_id(id, &id) == 0) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
		    strncmp(info.name, "karmor_", 7) == 0) {
			printf("%s\tverified\t%u\n", info.name, info.verified_insns);
			total += info.verified_insns;
		}
		close(fd);
	}
	printf("all programs\tverified\t%u\n", total);
	return 0;
}

int main(int argc, char *argv[])
{
	libbpf_set_print(print_nothing);
	if (argc == 2 && strcmp(argv[1], "empty") == 0)
		return empty();
	if (argc == 2 && strcmp(argv[1], "verified") == 0)
		return verified();
	return EXIT_FAILURE;
}
