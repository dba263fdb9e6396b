/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: scale WORKLOADS RULES [SETS]
 *
 * What many workloads cost under BPF: so many of them with so many rules each, out of so many
 * different sets (default: one each). Prints TSV: what, how much, unit. Root, in a virtual machine;
 * in one that counts instructions a nanosecond is one of them.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <karmor/karmor.h>

static struct karmor_diag *diag;

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	karmor_diag_print(diag, stderr, false);
	fprintf(stderr, "scale: %s: %s\n", what, strerror(-r));
	exit(EXIT_FAILURE);
}

static void show(const char *what, double value, const char *unit)
{
	printf("%s\t%.0f\t%s\n", what, value, unit);
	fflush(stdout);
}

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct karmor_ruleset *rules_make(struct karmor_policies *policies, size_t set, size_t rules,
					 unsigned version)
{
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true);
	struct karmor_ruleset *ret;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	fprintf(file, "apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\n"
		      "metadata: {name: scale}\nspec:\n  selector: {}\n  file:\n    matchPaths:\n");
	for (size_t i = 0; i < rules; i++)
		fprintf(file, "      - {path: /opt/app%zu/data/v%u/f%05zu.conf}\n", set, version,
			i);
	fclose(file);
	check(karmor_policies_add_text(policies, "scale", text, size, diag), "the policy");
	free(text);
	check(karmor_ruleset_new(policies, &subject, &ret, diag), "the rules");
	return ret;
}

static struct karmor_artifact *compile(const struct karmor_caps *caps, size_t sets, size_t rules,
				       unsigned version)
{
	struct karmor_policies **policies = calloc(sets, sizeof(*policies));
	struct karmor_ruleset **all = calloc(sets, sizeof(*all));
	struct karmor_artifact *ret;
	struct karmor_report *report;

	for (size_t i = 0; i < sets; i++) {
		check(karmor_policies_new(&policies[i]), "policies");
		all[i] = rules_make(policies[i], i, rules, version);
	}
	check(karmor_compile((const struct karmor_ruleset *const *)all, sets, caps, &ret, &report,
			     diag),
	      "compile");
	karmor_report_free(report);
	for (size_t i = 0; i < sets; i++) {
		karmor_ruleset_free(all[i]);
		karmor_policies_free(policies[i]);
	}
	free(all);
	free(policies);
	return ret;
}

/* What the kernel says that one map takes. */
static unsigned long map_bytes(int fd)
{
	char path[64], line[128];
	unsigned long ret = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %lu", &ret) == 1)
			break;
	if (file)
		fclose(file);
	return ret;
}

static double maps_kib(void)
{
	unsigned long ret = 0;
	uint32_t id = 0;

	while (bpf_map_get_next_id(id, &id) == 0) {
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			continue;
		ret += map_bytes(fd);
		close(fd);
	}
	return (double)ret / 1024;
}

static double available_kib(void)
{
	unsigned long ret = 0;
	char line[128];
	FILE *file = fopen("/proc/meminfo", "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lu", &ret) == 1)
			break;
	if (file)
		fclose(file);
	return (double)ret;
}

static void start(struct karmor_engine *engine, size_t number, size_t sets, pid_t *pid)
{
	static const char *const command[] = { "/bin/sleep", "100000", NULL };
	char name[32];
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = name, .ruleset = number % sets);

	snprintf(name, sizeof(name), "w%zu", number);
	check(karmor_engine_spawn(engine, &workload, (char *const *)(uintptr_t)command, pid, diag),
	      "start");
}

static void measure(struct karmor_engine *engine, const struct karmor_caps *caps, size_t workloads,
		    size_t rules, size_t sets)
{
	struct karmor_artifact *first = compile(caps, sets, rules, 1);
	struct karmor_artifact *second = compile(caps, sets, rules, 2);
	pid_t *pids = calloc(workloads, sizeof(*pids));
	double empty, begin;
	uint64_t from, work;

	check(karmor_engine_apply(engine, first, diag), "apply");
	start(engine, 0, sets, &pids[0]);
	empty = maps_kib();
	begin = available_kib();
	from = now(CLOCK_MONOTONIC);
	for (size_t i = 1; i < workloads; i++)
		start(engine, i, sets, &pids[i]);
	if (workloads > 1) {
		show("start of one more",
		     (double)(now(CLOCK_MONOTONIC) - from) / 1e3 / (double)(workloads - 1), "us");
		show("memory of all maps", maps_kib(), "KiB");
		show("of that with one workload", empty, "KiB");
		show("available memory less, processes and all", begin - available_kib(), "KiB");
	}
	from = now(CLOCK_MONOTONIC);
	work = now(CLOCK_PROCESS_CPUTIME_ID);
	check(karmor_engine_apply(engine, second, diag), "apply");
	show("other rules for all, work", (double)(now(CLOCK_PROCESS_CPUTIME_ID) - work) / 1e3,
	     "us");
	show("with grace periods", (double)(now(CLOCK_MONOTONIC) - from) / 1e3, "us");
	for (size_t i = 0; i < workloads; i++)
		kill(pids[i], SIGKILL);
	free(pids);
	karmor_engine_close(engine);
	karmor_artifact_free(first);
	karmor_artifact_free(second);
}

int main(int argc, char *argv[])
{
	const struct karmor_backend *backend = karmor_backend_find("bpf");
	size_t workloads = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	size_t rules = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	size_t sets = argc > 3 ? strtoul(argv[3], NULL, 10) : workloads;
	struct karmor_engine *engine;
	struct karmor_caps *caps;
	/* An engine keeps a descriptor for each workload, and one for each set of rules. */
	const struct rlimit files = { 16384, 16384 };

	if (!workloads || !rules || !sets || !backend) {
		fprintf(stderr, "usage: scale WORKLOADS RULES [SETS]\n");
		return EXIT_FAILURE;
	}
	diag = karmor_diag_new();
	check(setrlimit(RLIMIT_NOFILE, &files), "the limit of open files");
	check(diag ? 0 : -ENOMEM, "diagnostics");
	check(karmor_caps_probe(backend, &caps, diag), "probe");
	check(karmor_engine_open(backend, &engine, diag), "open");
	measure(engine, caps, workloads, rules, sets);
	karmor_caps_free(caps);
	karmor_diag_free(diag);
	return EXIT_SUCCESS;
}
