/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Internet checksums (RFC 1071, RFC 1624), by difference. Sums are one's
 * complement sums of 16-bit words exactly as they lie in memory: such sums do
 * not depend on byte order, so no word is ever swapped.
 */
#ifndef CLEARNAT_CSUM_H
#define CLEARNAT_CSUM_H

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

/* 16-bit one's complement sum of a wider one. */
static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* A header's checksum field after its data grew by `delta` (a folded sum). */
static __always_inline __u16 csum_apply(__u16 check, __u16 delta)
{
	__u32 sum = (__u16)~check + (__u32)delta;

	return ~((sum & 0xffff) + (sum >> 16));
}

/* What replacing a 32-bit word adds to the sum; fold the total once. */
static __always_inline __u64 csum_replace32(__u32 from, __u32 to)
{
	return (__u64)(__u32)~from + to;
}

static __always_inline __u64 csum_replace16(__u16 from, __u16 to)
{
	return (__u64)(__u16)~from + to;
}

#endif
