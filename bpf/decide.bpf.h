/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The decision: one step of the automaton, and where a verdict stands. Pure, without kernel
 * headers, so that the same lines run in the kernel and natively in the tests, which hold them
 * against lib/eval.c.
 *
 * A path is read component by component. A component is "/" and its name; the reader shows up to
 * eight bytes of it at a time. How a record is fetched is the includer's: decide_record(table,
 * index) returns a pointer or NULL, and a NULL anywhere means that nothing can be decided.
 */
#pragma once

#include "abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* The first @n bytes (1 to 8) of a little-endian word. */
static __always_inline uint64_t decide_mask(uint32_t n)
{
	return ~0ULL >> ((8 - n) * 8 & 63);
}

/*
 * One step: reads at @state from @window, the next bytes of the component, of which @left (at least
 * 1) are still to come. *state becomes the next state. Returns how many bytes were read, 0 at a
 * sink, or negative when the table is at fault.
 */
static __always_inline int decide_step(void *table, uint32_t *state, uint64_t window, uint32_t left)
{
	const struct abi_record *record = decide_record(table, *state), *edge;
	uint32_t word, number;
	uint64_t pair;

	if (!record)
		return -1;
	word = record->w[0];
	if (word >> ABI_KIND_SHIFT == ABI_SINK)
		return 0;
	if (word >> ABI_KIND_SHIFT == ABI_RUN) {
		uint32_t len = word >> ABI_RUN_SHIFT & 15;

		if (left < len || ((window ^ record->q[1]) & decide_mask(len))) {
			*state = record->w[1];
			return 1;
		}
		*state = word & ABI_INDEX_MASK;
		return (int)len;
	}
	number = (word & ABI_INDEX_MASK) + (uint32_t)(window & 0xff);
	edge = decide_record(table, number / 2);
	pair = edge ? edge->q[number & 1] : 0;
	*state = (uint32_t)pair == *state ? (uint32_t)(pair >> 32) : record->w[1];
	return 1;
}

/* The accept of a path that ends at @state; negative when the table is at fault. */
static __always_inline int64_t decide_accept(void *table, uint32_t state)
{
	const struct abi_record *record = decide_record(table, state);

	if (record && record->w[0] >> ABI_KIND_SHIFT == ABI_RUN)
		record = decide_record(table, record->w[1]);
	return record ? (int64_t)record->w[2] : -1;
}

/* Index into a class's network words. Numbers are the kernel's AF_*, SOCK_* and IPPROTO_*. */
static __always_inline uint32_t decide_net_index(uint32_t family, uint32_t type, uint32_t protocol)
{
	uint32_t f, t, p;

	switch (family) {
	case 2: /* AF_INET */
		f = 1;
		break;
	case 10: /* AF_INET6 */
		f = 2;
		break;
	case 17: /* AF_PACKET */
		f = 3;
		break;
	case 1: /* AF_UNIX */
		f = 4;
		break;
	case 16: /* AF_NETLINK */
		f = 5;
		break;
	default:
		f = 0;
	}
	t = type >= 1 && type <= 6 ? type : type == 10 ? 7 : 0; /* 10: SOCK_PACKET */
	switch (protocol) {
	case 0:
		p = 0;
		break;
	case 6: /* TCP */
		p = 1;
		break;
	case 17: /* UDP */
		p = 2;
		break;
	case 1: /* ICMP */
		p = 3;
		break;
	case 58: /* ICMPv6 */
		p = 4;
		break;
	case 132: /* SCTP */
		p = 5;
		break;
	case 33: /* DCCP */
		p = 6;
		break;
	case 136: /* UDP-Lite */
		p = 7;
		break;
	case 262: /* MPTCP */
		p = 8;
		break;
	default:
		p = 15;
	}
	return (f * ABI_NET_TYPES + t) * ABI_NET_PROTOCOLS + p;
}

/* Word @index of class @class_ in rows of @words words that begin at record @base. */
static __always_inline int64_t decide_word(void *table, uint32_t base, uint32_t class_,
					   uint32_t words, uint32_t index)
{
	uint32_t at = class_ * words + index;
	const struct abi_record *record = decide_record(table, base + at / 4);

	return record ? (int64_t)record->w[at & 3] : -1;
}
