/* SPDX-License-Identifier: Apache-2.0 */
/* See require.h. What BTF has a function for, programs may call; the rest is tried. */
#include "require.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

#define LOCKDOWN "/sys/kernel/security/lockdown"
#define FIX_NEWER "run Linux 5.17 or later"

static int has_no_btf(const struct btf *btf)
{
	return !btf;
}

static int has_no_function(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) <= 0;
}

static int has_no_loop(const struct btf *btf)
{
	return has_no_function(btf, "bpf_loop");
}

static int has_no_task_storage(const struct btf *btf)
{
	return has_no_function(btf, "bpf_task_storage_get");
}

/* A refusal is not an absence: that is for who tries to load the programs. */
static int has_no_ring(const struct btf *btf)
{
	_cleanup_close_ int fd =
		bpf_map_create(BPF_MAP_TYPE_RINGBUF, "karmor_probe", 0, 0, 1u << 16, NULL);

	return fd < 0 && errno == EINVAL;
}

/* The level that is in force stands in brackets. */
static int is_confidential(const struct btf *btf)
{
	_cleanup_fclose_ FILE *file = fopen(LOCKDOWN, "re");
	char line[128];

	return file && fgets(line, sizeof(line), file) && strstr(line, "[confidentiality]");
}

static const struct require features[] = {
	{ has_no_btf, "the kernel gives no BTF, which tells where its fields are",
	  "run a kernel built with CONFIG_DEBUG_INFO_BTF=y" },
	{ has_no_ring, "this kernel has no BPF ring buffer, which came with Linux 5.8", FIX_NEWER },
	{ has_no_task_storage,
	  "this kernel has no BPF task storage, which came with Linux 5.11, and no bpf_loop, which "
	  "came with 5.17",
	  FIX_NEWER },
	{ has_no_loop, "this kernel has no bpf_loop, which came with Linux 5.17", FIX_NEWER },
	{ is_confidential,
	  "the kernel is locked down for confidentiality, so that no program may read its memory",
	  "boot with lockdown=integrity" },
};

const struct require *require_missing(const struct btf *btf)
{
	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		if (features[i].missing(btf))
			return &features[i];
	return NULL;
}

int require_unbuilt(const struct btf *btf)
{
	return btf && has_no_function(btf, "bpf_lsm_file_open");
}
