/* SPDX-License-Identifier: Apache-2.0 */
/* See kept.h. */
#include "kept.h"

#include <errno.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "label.h"
#include "words.h"

#define HEAD "karmor-selinux 1"
#define WORDS 5
#define NOTHING "-"

/* What is read; the arrays grow outside of the arena, and are copied into it at the end. */
struct reading {
	struct arena *arena;
	struct selinux_kept *ret;
	struct selinux_workload *workloads;
	struct selinux_before *before;
	struct selinux_loaded loaded; /* its names are of the arena */
	size_t n_workloads, workloads_size, n_before, before_size;
};

static void reading_done(struct reading *reading)
{
	free(reading->workloads);
	free(reading->before);
	free(reading->loaded.families);
	free(reading->loaded.slots);
	free(reading->loaded.names);
}

static bool are_strings(const struct word *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(words[i].text) != words[i].len)
			return false;
	return true;
}

static char *known(const struct word *word)
{
	return strcmp(word->text, NOTHING) == 0 ? NULL : (char *)(uintptr_t)word->text;
}

static bool is_example(const struct word *word)
{
	return !known(word) || *word->text == '/';
}

static bool number_read(const struct word *word, uint64_t max, uint64_t *ret)
{
	const char *at = word->text;

	return number_parse(&at, '\0', max, ret);
}

static int text_read(const struct word *word, char *ret, size_t size)
{
	if (word->len >= size)
		return -EINVAL;
	strcpy(ret, known(word) ?: "");
	return 0;
}

static int boot_read(struct reading *reading, const struct word *words)
{
	return text_read(&words[1], reading->ret->boot, sizeof(reading->ret->boot));
}

static int module_read(struct reading *reading, const struct word *words)
{
	int r = text_read(&words[1], reading->ret->module, sizeof(reading->ret->module));

	return r ? r : text_read(&words[2], reading->loaded.frame, sizeof(reading->loaded.frame));
}

static int digest_read(const struct word *word, char ret[SELINUX_DIGEST_SIZE])
{
	return word->len + 1 == SELINUX_DIGEST_SIZE ? text_read(word, ret, SELINUX_DIGEST_SIZE)
						    : -EINVAL;
}

static int family_read(struct reading *reading, const struct word *words)
{
	struct selinux_family family = { 0 };
	uint64_t number, group;

	if (!number_read(&words[1], SELINUX_NUMBERS_MAX - 1, &number) ||
	    !number_read(&words[2], SELINUX_NUMBERS_MAX - 1, &group) ||
	    digest_read(&words[3], family.slot) < 0 || digest_read(&words[4], family.last) < 0 ||
	    reading->loaded.n_families == SELINUX_NUMBERS_MAX)
		return -EINVAL;
	family.number = (uint32_t)number;
	family.group = (uint32_t)group;
	return selinux_loaded_family(&reading->loaded, &family);
}

/* Digits of a role's name. */
static int id_read(const struct word *word, char ret[SELINUX_ID_SIZE])
{
	return known(word) && strspn(word->text, "abcdefghijklmnopqrstuvwxyz0123456789") !=
				       word->len
		       ? -EINVAL
		       : text_read(word, ret, SELINUX_ID_SIZE);
}

static int slot_read(struct reading *reading, const struct word *words)
{
	struct selinux_slot slot;

	if (!known(&words[1]) || id_read(&words[1], slot.name) < 0 ||
	    id_read(&words[2], slot.of) < 0 || digest_read(&words[3], slot.meaning) < 0 ||
	    reading->loaded.n_slots == SELINUX_LABELS_MAX + SELINUX_SPARE_FILES_MAX)
		return -EINVAL;
	return selinux_loaded_slot(&reading->loaded, &slot);
}

/* What builds before had of it: what they loaded is good for nothing here. */
static int number_pass(struct reading *reading, const struct word *words)
{
	(void)reading;
	(void)words;
	return 0;
}

/* What is logged, as the kernel names it. */
static bool is_log(const struct word *word)
{
	const size_t start = strlen(SELINUX_LOG_PREFIX);

	return word->len < SELINUX_NAME_SIZE &&
	       strncmp(word->text, SELINUX_LOG_PREFIX, start) == 0 &&
	       strspn(word->text + start, "abcdefghijklmnopqrstuvwxyz0123456789_") ==
		       word->len - start;
}

static int name_read(struct reading *reading, const struct word *words)
{
	struct selinux_loaded *loaded = &reading->loaded;

	if (!label_is_role(words[1].text, words[1].len) &&
	    !label_is_type(words[1].text, words[1].len) && !is_log(&words[1]))
		return -EINVAL;
	if (array_grow(&loaded->names, loaded->n_names, &loaded->names_size,
		       sizeof(*loaded->names)) < 0)
		return -ENOMEM;
	loaded->names[loaded->n_names++] = (char *)(uintptr_t)words[1].text;
	return 0;
}

static int generation_read(struct reading *reading, const struct word *words)
{
	return number_read(&words[1], UINT64_MAX, &reading->ret->generation) ? 0 : -EINVAL;
}

static int workload_read(struct reading *reading, const struct word *words)
{
	bool lasting = strcmp(words[2].text, "lasting") == 0;
	uint64_t number;

	if (!number_read(&words[1], SELINUX_NUMBERS_MAX - 1, &number) ||
	    (!lasting && strcmp(words[2].text, "brief") != 0) ||
	    reading->n_workloads == SELINUX_NUMBERS_MAX)
		return -EINVAL;
	if (array_grow(&reading->workloads, reading->n_workloads, &reading->workloads_size,
		       sizeof(*reading->workloads)) < 0)
		return -ENOMEM;
	reading->workloads[reading->n_workloads++] = (struct selinux_workload){
		.name = (char *)(uintptr_t)words[3].text,
		.ruleset = SELINUX_NO_RULESET,
		.number = (uint32_t)number,
		.lasting = lasting,
	};
	return 0;
}

static int before_read(struct reading *reading, const struct selinux_before *before)
{
	if (array_grow(&reading->before, reading->n_before, &reading->before_size,
		       sizeof(*reading->before)) < 0)
		return -ENOMEM;
	reading->before[reading->n_before++] = *before;
	return 0;
}

static int file_read(struct reading *reading, const struct word *words)
{
	bool directory = strcmp(words[2].text, "dir") == 0;

	if (!label_is_role(words[1].text, words[1].len) ||
	    (!directory && strcmp(words[2].text, "file") != 0) || !is_example(&words[3]))
		return -EINVAL;
	return before_read(reading, &(struct selinux_before){
					    .what = SELINUX_OLD_FILE,
					    .name = (char *)(uintptr_t)words[1].text,
					    .example = known(&words[3]),
					    .directory = directory,
				    });
}

/* A role of tasks: what it has of letters is its own. */
static bool is_task_role(const struct word *word, uint64_t number)
{
	char start[SELINUX_NAME_SIZE];
	int len = snprintf(start, sizeof(start), SELINUX_TASK_PREFIX "%llu_",
			   (unsigned long long)number);

	return word->len < SELINUX_NAME_SIZE && strncmp(word->text, start, (size_t)len) == 0 &&
	       strspn(word->text, "abcdefghijklmnopqrstuvwxyz0123456789_") == word->len;
}

static int task_read(struct reading *reading, const struct word *words)
{
	uint64_t number;

	if (!number_read(&words[2], SELINUX_NUMBERS_MAX - 1, &number) ||
	    !is_task_role(&words[1], number) || !is_example(&words[3]))
		return -EINVAL;
	return before_read(reading, &(struct selinux_before){
					    .what = SELINUX_OLD_TASK,
					    .name = (char *)(uintptr_t)words[1].text,
					    .example = known(&words[3]),
					    .number = (uint32_t)number,
				    });
}

static int type_read(struct reading *reading, const struct word *words)
{
	if (!label_is_type(words[1].text, words[1].len) || !is_example(&words[3]))
		return -EINVAL;
	return before_read(reading, &(struct selinux_before){
					    .what = SELINUX_OLD_TYPE,
					    .name = (char *)(uintptr_t)words[1].text,
					    .type = (char *)(uintptr_t)words[2].text,
					    .example = known(&words[3]),
					    .copy = (char *)(uintptr_t)words[4].text,
				    });
}

static const struct {
	const char *name;
	size_t n_words;
	int (*read)(struct reading *reading, const struct word *words);
} lines[] = {
	{ "boot", 2, boot_read },     { "generation", 2, generation_read },
	{ "module", 3, module_read }, { "number", 3, number_pass },
	{ "family", 5, family_read }, { "slot", 4, slot_read },
	{ "has", 2, name_read },      { "workload", 4, workload_read },
	{ "file", 4, file_read },     { "task", 4, task_read },
	{ "type", WORDS, type_read },
};

static int line_read(struct reading *reading, char *line, size_t len)
{
	struct word words[WORDS];
	size_t n = 0;
	int r = words_parse(line, len, reading->arena, words, WORDS, &n);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (strcmp(words[0].text, lines[i].name) == 0)
			return n == lines[i].n_words && are_strings(words, n)
				       ? lines[i].read(reading, words)
				       : -EINVAL;
	return -EINVAL;
}

/* An array of the arena with what is in @from; NULL when memory is out. */
static void *array_copy(struct arena *arena, const void *from, size_t n, size_t size)
{
	void *ret = arena_array(arena, n + 1, size);

	if (ret && n)
		memcpy(ret, from, n * size);
	return ret;
}

static int family_compare(const void *a, const void *b)
{
	uint32_t one = ((const struct selinux_family *)a)->number,
		 other = ((const struct selinux_family *)b)->number;

	return (one > other) - (one < other);
}

static int slot_compare(const void *a, const void *b)
{
	const struct selinux_slot *one = a, *other = b;

	return strcmp(one->name, other->name);
}

/* What is to spare is of none. */
static int slot_of_compare(const void *a, const void *b)
{
	const struct selinux_slot *one = a, *other = b;

	return *one->of || *other->of ? strcmp(one->of, other->of) : strcmp(one->name, other->name);
}

static int workload_compare(const void *a, const void *b)
{
	uint32_t one = ((const struct selinux_workload *)a)->number,
		 other = ((const struct selinux_workload *)b)->number;

	return (one > other) - (one < other);
}

/* 0; -EINVAL: two are the same. */
static int each_once(const void *all, size_t n, size_t size,
		     int (*compare)(const void *a, const void *b))
{
	_cleanup_free_ char *sorted = calloc(n + 1, size);

	if (!sorted)
		return -ENOMEM;
	if (n)
		memcpy(sorted, all, n * size);
	qsort(sorted, n, size, compare);
	for (size_t i = 1; i < n; i++)
		if (compare(sorted + (i - 1) * size, sorted + i * size) == 0)
			return -EINVAL;
	return 0;
}

/* One number, or one name, is of one. */
static int reading_check(const struct reading *reading)
{
	const struct selinux_loaded *loaded = &reading->loaded;
	int r = each_once(loaded->families, loaded->n_families, sizeof(*loaded->families),
			  family_compare);

	r = r ? r : each_once(loaded->slots, loaded->n_slots, sizeof(*loaded->slots), slot_compare);
	r = r ? r
	      : each_once(loaded->slots, loaded->n_slots, sizeof(*loaded->slots), slot_of_compare);
	return r ? r
		 : each_once(reading->workloads, reading->n_workloads, sizeof(*reading->workloads),
			     workload_compare);
}

static int reading_end(struct reading *reading)
{
	struct selinux_kept *ret = reading->ret;
	struct arena *arena = reading->arena;

	ret->n_workloads = reading->n_workloads;
	ret->workloads =
		array_copy(arena, reading->workloads, ret->n_workloads, sizeof(*ret->workloads));
	ret->n_before = reading->n_before;
	ret->before = array_copy(arena, reading->before, ret->n_before, sizeof(*ret->before));
	ret->loaded = reading->loaded;
	ret->loaded.families = array_copy(arena, reading->loaded.families, ret->loaded.n_families,
					  sizeof(*ret->loaded.families));
	ret->loaded.slots = array_copy(arena, reading->loaded.slots, ret->loaded.n_slots,
				       sizeof(*ret->loaded.slots));
	ret->loaded.names = array_copy(arena, reading->loaded.names, ret->loaded.n_names,
				       sizeof(*ret->loaded.names));
	return ret->workloads && ret->before && ret->loaded.families && ret->loaded.slots &&
			       ret->loaded.names
		       ? 0
		       : -ENOMEM;
}

int selinux_kept_parse(char *text, size_t len, struct arena *arena, struct selinux_kept *ret)
{
	_cleanup_(reading_done) struct reading reading = { .arena = arena, .ret = ret };
	char *end = text + len;
	bool begun = false;
	int r = 0;

	*ret = (struct selinux_kept){ 0 };
	for (char *line = text, *next; r == 0 && line < end; line = next) {
		char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t size = stop ? (size_t)(stop - line) : 0;

		next = stop ? stop + 1 : end;
		if (!stop || (!begun && (size != strlen(HEAD) || memcmp(line, HEAD, size) != 0)))
			return -EINVAL;
		r = begun ? line_read(&reading, line, size) : 0;
		begun = true;
	}
	if (r == 0)
		r = begun ? reading_check(&reading) : -EINVAL;
	return r ? r : reading_end(&reading);
}

static void word_add(struct buf *buf, const char *text)
{
	buf_putc(buf, ' ');
	if (text && *text)
		word_print(buf, text, strlen(text));
	else
		buf_puts(buf, NOTHING);
}

static void before_print(struct buf *buf, const struct selinux_before *before)
{
	static const char *const names[] = {
		[SELINUX_OLD_FILE] = "file",
		[SELINUX_OLD_TASK] = "task",
		[SELINUX_OLD_TYPE] = "type",
	};

	buf_puts(buf, names[before->what]);
	word_add(buf, before->name);
	if (before->what == SELINUX_OLD_FILE)
		word_add(buf, before->directory ? "dir" : "file");
	else if (before->what == SELINUX_OLD_TASK)
		buf_printf(buf, " %u", before->number);
	else
		word_add(buf, before->type);
	word_add(buf, before->example);
	if (before->what == SELINUX_OLD_TYPE)
		word_add(buf, before->copy);
	buf_putc(buf, '\n');
}

void selinux_kept_print(struct buf *buf, const struct selinux_kept *kept)
{
	buf_puts(buf, HEAD "\nboot");
	word_add(buf, kept->boot);
	buf_printf(buf, "\ngeneration %llu\nmodule", (unsigned long long)kept->generation);
	word_add(buf, kept->module);
	word_add(buf, kept->loaded.frame);
	buf_putc(buf, '\n');
	for (size_t i = 0; i < kept->loaded.n_families; i++)
		buf_printf(buf, "family %u %u %s %s\n", kept->loaded.families[i].number,
			   kept->loaded.families[i].group, kept->loaded.families[i].slot,
			   kept->loaded.families[i].last);
	for (size_t i = 0; i < kept->loaded.n_slots; i++)
		buf_printf(buf, "slot %s %s %s\n", kept->loaded.slots[i].name,
			   *kept->loaded.slots[i].of ? kept->loaded.slots[i].of : NOTHING,
			   kept->loaded.slots[i].meaning);
	for (size_t i = 0; i < kept->loaded.n_names; i++)
		buf_printf(buf, "has %s\n", kept->loaded.names[i]);
	for (size_t i = 0; i < kept->n_workloads; i++) {
		buf_printf(buf, "workload %u %s", kept->workloads[i].number,
			   kept->workloads[i].lasting ? "lasting" : "brief");
		word_add(buf, kept->workloads[i].name);
		buf_putc(buf, '\n');
	}
	for (size_t i = 0; i < kept->n_before; i++)
		before_print(buf, &kept->before[i]);
}
