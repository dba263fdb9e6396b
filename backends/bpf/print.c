/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An artifact for people: rules, sources, automata and rows, read back from the table's bytes, so
 * that what is shown is what is enforced. Rows and states are named by their record's number.
 */
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bpf.h"
#include "buf.h"
#include "cleanup.h"
#include "syscalls.h"

static const struct abi_record *decide_record(void *table, uint32_t index)
{
	const struct bpf_ruleset *set = table;

	return index < set->n_records ? &set->records[index] : NULL;
}

#include "decide.bpf.h"

struct word {
	uint32_t bit;
	const char *name;
};

static const struct word flag_words[] = {
	{ ABI_HAS(ABI_PROCESS), "process" },
	{ ABI_CLOSED(ABI_PROCESS), "process-closed" },
	{ ABI_HAS(ABI_FILE), "file" },
	{ ABI_CLOSED(ABI_FILE), "file-closed" },
	{ ABI_HAS(ABI_NETWORK), "network" },
	{ ABI_CLOSED(ABI_NETWORK), "network-closed" },
	{ ABI_HAS(ABI_CAPABILITIES), "capabilities" },
	{ ABI_CLOSED(ABI_CAPABILITIES), "capabilities-closed" },
	{ ABI_HAS(ABI_SYSCALLS), "syscalls" },
	{ ABI_GUARDED, "guarded" },
	{ ABI_LINKED, "linked" },
	{ ABI_CALLED, "called" },
};

static const struct word need_words[] = {
	{ BPF_NEED_PROCESS, "process" }, { BPF_NEED_FILE, "file" },
	{ BPF_NEED_NETWORK, "network" }, { BPF_NEED_CAPABILITIES, "capabilities" },
	{ BPF_NEED_GUARD, "guard" },	 { BPF_NEED_SOURCE, "source" },
	{ BPF_NEED_LOADER, "loader" },	 { BPF_NEED_SYSCALLS, "syscalls" },
};

/* @need: without it nothing asks the automaton. @accepts: what its accepts are. */
static const struct {
	enum abi_automaton which;
	const char *name, *accepts;
	uint32_t need;
} automata[] = {
	{ ABI_AUTOMATON_SOURCE, "source", "class", BPF_NEED_SOURCE },
	{ ABI_AUTOMATON_PROCESS, "process", "row", BPF_NEED_PROCESS },
	{ ABI_AUTOMATON_FILE, "file", "row", BPF_NEED_FILE },
	{ ABI_AUTOMATON_GUARD, "guard", "row", BPF_NEED_GUARD },
};

/* Of the sockets there can be, those that people ask about. */
static const struct {
	const char *name;
	uint32_t family, type, protocol;
} sockets[] = {
	{ "tcp", AF_INET, SOCK_STREAM, IPPROTO_TCP },
	{ "tcp6", AF_INET6, SOCK_STREAM, IPPROTO_TCP },
	{ "udp", AF_INET, SOCK_DGRAM, IPPROTO_UDP },
	{ "udp6", AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
	{ "ping", AF_INET, SOCK_DGRAM, IPPROTO_ICMP },
	{ "raw-icmp", AF_INET, SOCK_RAW, IPPROTO_ICMP },
	{ "raw-icmpv6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 },
	{ "raw", AF_INET, SOCK_RAW, IPPROTO_RAW },
	{ "sctp", AF_INET, SOCK_STREAM, IPPROTO_SCTP },
	{ "dccp", AF_INET, SOCK_DCCP, IPPROTO_DCCP },
	{ "udplite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE },
	{ "packet", AF_PACKET, SOCK_RAW, 0 },
	{ "packet-dgram", AF_PACKET, SOCK_DGRAM, 0 },
	{ "vsock", AF_VSOCK, SOCK_STREAM, 0 },
	{ "seqpacket", AF_BLUETOOTH, SOCK_SEQPACKET, 0 },
	{ "unix", AF_UNIX, SOCK_STREAM, 0 },
	{ "netlink", AF_NETLINK, SOCK_RAW, 0 },
};

enum {
	SEEN_STATE = 1,
	SEEN_ROW = 2,
};

struct printer {
	const struct bpf_ruleset *set;
	struct buf *out;
	uint8_t *seen;	/* by record: shown, or to be shown */
	uint32_t *todo; /* room for every record */
	size_t n_todo;
	uint32_t *rows; /* blocks that some state names */
	size_t n_rows;
	const char *accepts; /* what the accepts of the automaton that is shown are */
};

static const uint32_t *words_of(const struct printer *p, uint32_t record)
{
	return p->set->records[record].w;
}

static void print_words(struct buf *out, const struct word *words, size_t n, uint32_t bits)
{
	for (size_t i = 0; i < n; i++)
		if (bits & words[i].bit)
			buf_printf(out, " %s", words[i].name);
}

static void print_rules(struct printer *p)
{
	buf_puts(p->out, "  rules\n");
	for (size_t i = 0; i < p->set->n_rules; i++) {
		const struct bpf_rule *rule = &p->set->rules[i];

		buf_printf(p->out, "    %zu %s %s %s", i + 1, ir_action_name(rule->action),
			   rule->told.policy, rule->told.locator);
		if (*rule->told.written) {
			buf_putc(p->out, ' ');
			buf_escape(p->out, rule->told.written, strlen(rule->told.written));
		}
		buf_putc(p->out, '\n');
	}
}

static void print_classes(struct printer *p)
{
	if (p->set->classes < 2)
		return;
	buf_puts(p->out, "  source classes\n");
	for (uint32_t i = 0; i < p->set->classes; i++) {
		const struct bpf_class *class = &p->set->class_rules[i];

		buf_printf(p->out, "    %u rules", i);
		for (size_t r = 0; r < class->n; r++)
			buf_printf(p->out, " %u", class->rules[r] + 1);
		buf_puts(p->out, class->n ? "\n" : " without fromSource only\n");
	}
}

static void print_byte(struct buf *out, unsigned byte)
{
	if (isgraph((int)byte) && byte < 0x80 && byte != '"')
		buf_putc(out, (char)byte);
	else
		buf_printf(out, "\\x%02x", byte);
}

/* Names a state and sees to it that it is shown. */
static void print_state_name(struct printer *p, uint32_t state)
{
	if (!(p->seen[state] & SEEN_STATE)) {
		p->seen[state] |= SEEN_STATE;
		p->todo[p->n_todo++] = state;
	}
	buf_printf(p->out, "%u", state);
}

static void print_accept(struct printer *p, uint32_t accept)
{
	buf_printf(p->out, "%s %u", p->accepts, accept);
	if (strcmp(p->accepts, "class") == 0 || p->seen[accept] & SEEN_ROW)
		return;
	p->seen[accept] |= SEEN_ROW;
	p->rows[p->n_rows++] = accept;
}

static void print_run(struct printer *p, const uint32_t *w)
{
	uint32_t len = w[0] >> ABI_RUN_SHIFT & 15;

	buf_puts(p->out, " \"");
	for (uint32_t i = 0; i < len; i++)
		print_byte(p->out, (unsigned)(w[2 + i / 4] >> i % 4 * 8 & 0xff));
	buf_puts(p->out, "\" -> ");
	print_state_name(p, w[0] & ABI_INDEX_MASK);
	buf_puts(p->out, ", else ");
	print_state_name(p, w[1]);
}

static void print_branch(struct printer *p, uint32_t state, const uint32_t *w)
{
	uint32_t base = w[0] & ABI_INDEX_MASK;

	buf_putc(p->out, ' ');
	print_accept(p, w[2]);
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint64_t edge = p->set->records[(base + byte) / 2].q[(base + byte) & 1];

		if ((uint32_t)edge != state)
			continue;
		buf_putc(p->out, ' ');
		print_byte(p->out, byte);
		buf_puts(p->out, "->");
		print_state_name(p, (uint32_t)(edge >> 32));
	}
	buf_puts(p->out, ", else ");
	print_state_name(p, w[1]);
}

static void print_state(struct printer *p, uint32_t state)
{
	const uint32_t *w = words_of(p, state);

	buf_printf(p->out, "    %u", state);
	switch (w[0] >> ABI_KIND_SHIFT) {
	case ABI_SINK:
		buf_putc(p->out, ' ');
		print_accept(p, w[2]);
		buf_puts(p->out, ", whatever follows");
		break;
	case ABI_RUN:
		print_run(p, w);
		break;
	default:
		print_branch(p, state, w);
	}
	buf_putc(p->out, '\n');
}

static void print_automaton(struct printer *p, uint32_t start, const char *name,
			    const char *accepts)
{
	/* Sinks are shared: they are shown with each automaton that ends in them. */
	for (size_t i = 0; i < p->set->n_records; i++)
		p->seen[i] &= SEEN_ROW;
	p->n_todo = 0;
	p->accepts = accepts;
	buf_printf(p->out, "  %s automaton from ", name);
	print_state_name(p, start);
	buf_putc(p->out, '\n');
	for (size_t i = 0; i < p->n_todo; i++)
		print_state(p, p->todo[i]);
}

static void print_verdict(struct buf *out, uint32_t verdict)
{
	static const char *const names[] = { "allow", "audit", "block", "?" };

	buf_puts(out, names[ABI_ACTION(verdict)]);
	if (verdict & ABI_POSTURE)
		buf_puts(out, " by posture");
	if (ABI_RULE(verdict))
		buf_printf(out, " by rule %u", ABI_RULE(verdict));
}

static void print_row(struct printer *p, uint32_t row)
{
	static const char *const names[] = { "exec or read: ", ", by the owner: ", "; write: ",
					     ", by the owner: " };
	const uint32_t *w = words_of(p, row);

	for (unsigned i = 0; i < 4; i++) {
		if (i & 1 && w[i] == w[i - 1])
			continue;
		buf_puts(p->out, names[i]);
		print_verdict(p->out, w[i]);
	}
	buf_putc(p->out, '\n');
}

static int compare_rows(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print_rows(struct printer *p)
{
	if (!p->n_rows)
		return;
	qsort(p->rows, p->n_rows, sizeof(*p->rows), compare_rows);
	buf_puts(p->out, "  rows\n");
	for (size_t i = 0; i < p->n_rows; i++) {
		for (uint32_t class = 0; class < p->set->classes; class ++) {
			buf_printf(p->out, "    %u", p->rows[i]);
			if (p->set->classes > 1)
				buf_printf(p->out, " class %u", class);
			buf_putc(p->out, ' ');
			print_row(p, p->rows[i] + class);
		}
	}
}

static uint32_t word_at(const struct printer *p, uint32_t base, uint32_t class, uint32_t words,
			uint32_t index)
{
	uint32_t at = class * words + index;

	return words_of(p, base + at / 4)[at & 3];
}

static void print_word(struct printer *p, uint32_t class, const char *name, uint32_t word)
{
	buf_puts(p->out, "    ");
	if (p->set->classes > 1)
		buf_printf(p->out, "class %u ", class);
	buf_printf(p->out, "%s ", name);
	print_verdict(p->out, word);
	buf_putc(p->out, '\n');
}

static void print_network(struct printer *p)
{
	uint32_t base = words_of(p, ABI_HEADER_BASE)[0];

	buf_puts(p->out, "  network\n");
	for (uint32_t class = 0; class < p->set->classes; class ++)
		for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
			print_word(p, class, sockets[i].name,
				   word_at(p, base, class, ABI_NET_WORDS,
					   decide_net_index(sockets[i].family, sockets[i].type,
							    sockets[i].protocol)));
}

static void print_capabilities(struct printer *p)
{
	uint32_t base = words_of(p, ABI_HEADER_BASE)[1];

	buf_puts(p->out, "  capabilities\n");
	for (uint32_t class = 0; class < p->set->classes; class ++)
		for (unsigned i = 0; i < IR_CAPABILITY_COUNT; i++) {
			uint32_t word = word_at(p, base, class, ABI_CAPABILITY_WORDS, i);

			if (word)
				print_word(p, class, ir_capability_name(i), word);
		}
}

/* System calls that the same rules name are of one kind: all of them, by their numbers. */
static void print_kind(struct printer *p, uint32_t map, uint32_t kind)
{
	buf_printf(p->out, "    kind %u", kind);
	for (uint32_t i = 0; i < ABI_SYSCALL_NUMBERS; i++) {
		uint32_t word = word_at(p, map, 0, 0, i);

		if (ABI_SYSCALL_KIND(word) == kind)
			buf_printf(p->out, i < ABI_SYSCALL_COMPAT ? " %s" : " ia32:%s",
				   bpf_syscall_name(i));
	}
	buf_putc(p->out, '\n');
}

static void print_block(struct printer *p, uint32_t block, uint32_t kinds)
{
	for (uint32_t class = 0; class < p->set->classes; class ++) {
		for (uint32_t kind = 1; kind < kinds; kind++) {
			uint32_t word = word_at(p, block, class, kinds, kind);

			if (!word)
				continue;
			buf_printf(p->out, "    %u class %u kind %u ", block, class, kind);
			print_verdict(p->out, word);
			buf_putc(p->out, '\n');
		}
	}
}

static void print_syscalls(struct printer *p)
{
	uint32_t at = words_of(p, ABI_HEADER_BASE)[2];
	const uint32_t *section = words_of(p, at);

	p->n_rows = 0;
	print_automaton(p, section[1], "system call's path", "block");
	buf_printf(p->out, "  system calls, block %u without a path\n", section[2]);
	for (uint32_t kind = 1; kind < section[0]; kind++)
		print_kind(p, at + 1, kind);
	for (size_t i = 0; i < p->n_rows; i++)
		print_block(p, p->rows[i], section[0]);
}

static void print_tables(struct printer *p)
{
	const uint32_t *header = words_of(p, ABI_HEADER);

	buf_puts(p->out, "  flags");
	print_words(p->out, flag_words, ARRAY_SIZE(flag_words), header[0]);
	buf_puts(p->out, "\n  needs");
	print_words(p->out, need_words, ARRAY_SIZE(need_words), p->set->needs);
	buf_putc(p->out, '\n');
	print_rules(p);
	print_classes(p);
	for (size_t i = 0; i < ARRAY_SIZE(automata); i++)
		if (p->set->needs & automata[i].need)
			print_automaton(p, words_of(p, ABI_HEADER_START)[automata[i].which],
					automata[i].name, automata[i].accepts);
	print_rows(p);
	if (p->set->needs & BPF_NEED_NETWORK)
		print_network(p);
	if (p->set->needs & BPF_NEED_CAPABILITIES)
		print_capabilities(p);
	if (p->set->needs & BPF_NEED_SYSCALLS)
		print_syscalls(p);
}

static int print_ruleset(const struct bpf_ruleset *set, size_t number, FILE *out)
{
	_cleanup_free_ uint8_t *seen = calloc(set->n_records, sizeof(*seen));
	_cleanup_free_ uint32_t *todo = calloc(set->n_records, sizeof(*todo));
	_cleanup_free_ uint32_t *rows = calloc(set->n_records, sizeof(*rows));
	_cleanup_buf_ struct buf text = { 0 };
	struct printer printer = {
		.set = set, .out = &text, .seen = seen, .todo = todo, .rows = rows
	};

	if (!seen || !todo || !rows)
		return -ENOMEM;
	buf_printf(&text, "ruleset %zu: %zu rules, %u source classes, %zu records\n", number,
		   set->n_rules, set->classes, set->n_records);
	print_tables(&printer);
	if (buf_failed(&text))
		return -ENOMEM;
	return fwrite(text.data, 1, text.len, out) == text.len ? 0 : -EIO;
}

int bpf_print(const struct karmor_artifact *artifact, FILE *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < artifact->n_rulesets; i++)
		err = print_ruleset(bpf_ruleset_at(artifact, i), i, out);
	return err;
}
