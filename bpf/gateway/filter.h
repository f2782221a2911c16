/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Can this address concern the gateway? Answered from a 16 KiB bitmap that stays
 * in the cache, so that packets that are not ours pay for no hash look-up. A
 * collision only costs the look-up. src/dataplane/filter.ts has the same hash.
 */
#ifndef CLEARNAT_FILTER_H
#define CLEARNAT_FILTER_H

#include "maps.h"

#define FILTER_MULTIPLIER 0x9e3779b1u

static __always_inline __u32 filter_hash4(__be32 addr)
{
	return (bpf_ntohl(addr) * FILTER_MULTIPLIER) >> 16;
}

static __always_inline __u32 addr_class4(const struct addr_filter *filter, __be32 addr)
{
	__u32 hash = filter_hash4(addr);

	return filter->class[(hash >> 2) & (FILTER_BITS / 4 - 1)] >> ((hash & 3) * 2) & 3;
}

/* Both ends of a packet: false means the kernel may have it at once. */
static __always_inline bool concerns_us4(__be32 saddr, __be32 daddr)
{
	const struct addr_filter *filter = bpf_map_lookup_elem(&addr_filters, &zero);

	return filter &&
	       (addr_class4(filter, daddr) & ADDR_OURS || addr_class4(filter, saddr) & ADDR_SOURCE);
}

#endif
