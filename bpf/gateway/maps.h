/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gateway's maps. Sizes marked (load) are set by the daemon before loading.
 * Everything but `progs` and `scratch` outlives the daemon and its upgrades.
 */
#ifndef CLEARNAT_MAPS_H
#define CLEARNAT_MAPS_H

#include <bpf/bpf_helpers.h>

#include "shared.h"

/* Programs that take over a packet from the entry program, by tail call. */
enum prog_slot {
	PROG_FLOW4 = 0,	  /* packet of a known connection that needs thought */
	PROG_NEW4 = 1,	  /* packet of no known connection */
	PROG_STRIP4 = 2,  /* packet with TCP options a client must not send */
	PROG_GATEWAY = 3, /* from the top, after the packet was changed */
	PROG_UDP4 = 4,	  /* any UDP packet */
	PROG_COUNT = 8,
};

/* Connections over IPv4, two entries each. Written by the data plane only.
 * (load) Plain hash: a live connection is never pushed out by a newer one. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow4_key);
	__type(value, struct flow4);
} flows4 SEC(".maps");

/* Which listener serves an address, protocol and port. Written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024); /* (load) */
	__type(key, struct vip_key);
	__type(value, __u32);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} vips SEC(".maps");

/* By listener id. Written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64); /* (load) */
	__type(key, __u32);
	__type(value, struct listener);
} listeners SEC(".maps");

/* By pool id. Written by the daemon, but for the cursor. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64); /* (load) */
	__type(key, __u32);
	__type(value, struct pool);
} pools SEC(".maps");

/* Member ids, in runs that pools own. Written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024); /* (load) */
	__type(key, __u32);
	__type(value, __u32);
} schedule SEC(".maps");

/* By member id. Written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64); /* (load) */
	__type(key, __u32);
	__type(value, struct member);
} members SEC(".maps");

/* SNAT port space by destination. Written by the data plane. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64); /* (load) */
	__type(key, __u32);
	__type(value, struct dest);
} dests SEC(".maps");

/* Port bitmaps, made when first needed. Written by the data plane. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024); /* (load) */
	__type(key, struct chunk_key);
	__type(value, struct snat_chunk);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} snat_chunks SEC(".maps");

/* By SNAT index. Written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SNAT);
	__type(key, __u32);
	__type(value, struct snat_addr);
} snat_addrs SEC(".maps");

/* Which SNAT addresses a listener may use. Written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64); /* (load) */
	__type(key, __u32);
	__type(value, struct snat_set);
} snat_sets SEC(".maps");

/* Which addresses can concern us, by hash. Written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct addr_filter);
} addr_filters SEC(".maps");

/* One entry. Written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct globals);
} globals SEC(".maps");

/* Packets and bytes by listener id. Written by the data plane. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 64); /* (load) */
	__type(key, __u32);
	__type(value, struct traffic);
} listener_traffic SEC(".maps");

/* Packets and bytes by member id. Written by the data plane. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 64); /* (load) */
	__type(key, __u32);
	__type(value, struct traffic);
} member_traffic SEC(".maps");

/* Connections by listener id. Written by the data plane. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64); /* (load) */
	__type(key, __u32);
	__type(value, struct conn_count);
} listener_conns SEC(".maps");

/* Connections by member id. Written by the data plane. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64); /* (load) */
	__type(key, __u32);
	__type(value, struct conn_count);
} member_conns SEC(".maps");

/* Packets by enum drop_reason. Written by the data plane. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DROP_REASON_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} drops SEC(".maps");

/* struct event, to the daemon; what it is too slow to read is lost. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

/* TCP options under examination. The verifier knows nothing about what is read
 * back from here, which keeps the option loops from multiplying its states. */
struct scratch {
	__u8 before[64];
	__u8 after[64];
	__u32 at;
	__u32 left;
	__u32 blank;
	__u32 found;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static const __u32 zero = 0;

#endif
