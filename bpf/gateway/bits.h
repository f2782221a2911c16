/* SPDX-License-Identifier: GPL-2.0 */
/* Bit searches; BPF has no instruction for them. */
#ifndef CLEARNAT_BITS_H
#define CLEARNAT_BITS_H

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

/* Index of the lowest set bit; 64 for zero. Counts the zeros below it by adding
 * ever wider fields: no branch, for each would double the verifier's paths. */
static __always_inline __u64 lowest_bit(__u64 word)
{
	__u64 below = (word & -word) - 1;

	below -= below >> 1 & 0x5555555555555555ull;
	below = (below & 0x3333333333333333ull) + (below >> 2 & 0x3333333333333333ull);
	below = (below + (below >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return below * 0x0101010101010101ull >> 56;
}

#endif
