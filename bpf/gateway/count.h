/* SPDX-License-Identifier: GPL-2.0 */
/* Counters: traffic and drops per CPU, connections shared. */
#ifndef CLEARNAT_COUNT_H
#define CLEARNAT_COUNT_H

#include "maps.h"

static __always_inline int drop(enum drop_reason reason)
{
	__u32 index = reason;
	__u64 *count = bpf_map_lookup_elem(&drops, &index);

	if (count)
		*count += 1;
	return XDP_DROP;
}

/* Counts something worth telling that did not cost the packet. */
static __always_inline void note(enum drop_reason reason)
{
	drop(reason);
}

static __always_inline void traffic_add(struct traffic *traffic, bool from_client, __u32 bytes)
{
	if (from_client) {
		traffic->packets_in += 1;
		traffic->bytes_in += bytes;
	} else {
		traffic->packets_out += 1;
		traffic->bytes_out += bytes;
	}
}

static __always_inline void count_traffic(__u32 listener, __u32 member, bool from_client,
					  __u32 bytes)
{
	struct traffic *traffic;

	traffic = bpf_map_lookup_elem(&listener_traffic, &listener);
	if (traffic)
		traffic_add(traffic, from_client, bytes);
	traffic = bpf_map_lookup_elem(&member_traffic, &member);
	if (traffic)
		traffic_add(traffic, from_client, bytes);
}

static __always_inline bool state_is_active(__u8 state)
{
	return state == STATE_UDP || (state >= STATE_SYN_SENT && state <= STATE_CLOSE_WAIT);
}

static __always_inline void conns_add(struct conn_count *count, __s64 active, __s64 inactive)
{
	if (active)
		__sync_fetch_and_add(&count->active, active);
	if (inactive)
		__sync_fetch_and_add(&count->inactive, inactive);
}

/* A connection goes from one state to another; STATE_NONE is "not there". */
static __always_inline void count_state(__u32 listener, __u32 member, __u8 from, __u8 to)
{
	__s64 active = 0, inactive = 0;
	struct conn_count *count;

	if (from != STATE_NONE) {
		active -= state_is_active(from);
		inactive -= !state_is_active(from);
	}
	if (to != STATE_NONE) {
		active += state_is_active(to);
		inactive += !state_is_active(to);
	}
	count = bpf_map_lookup_elem(&listener_conns, &listener);
	if (count) {
		conns_add(count, active, inactive);
		if (from == STATE_NONE)
			__sync_fetch_and_add(&count->total, 1);
	}
	count = bpf_map_lookup_elem(&member_conns, &member);
	if (count) {
		conns_add(count, active, inactive);
		if (from == STATE_NONE)
			__sync_fetch_and_add(&count->total, 1);
	}
}

#endif
