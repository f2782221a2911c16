/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Next hops, from the kernel's routes and neighbours.
 *
 * A connection keeps its next hop and the generation it was learned in. The
 * daemon begins a new generation whenever routes, links or neighbours change;
 * a daemon that gives no sign of life for two seconds is replaced by the clock,
 * one generation a second. Generations of the clock have the top bit set.
 */
#ifndef CLEARNAT_FIB_H
#define CLEARNAT_FIB_H

#include "count.h"

#define AF_INET 2

struct hop {
	__u32 ifindex;
	__u8 dmac[6];
	__u8 smac[6];
};

static __always_inline __u32 now(void)
{
	return bpf_jiffies64();
}

static __always_inline __u16 fib_generation(__u32 at)
{
	const struct globals *g = bpf_map_lookup_elem(&globals, &zero);

	if (!g)
		return 0;
	if (at - g->heartbeat > 2 * g->hz)
		return at / (g->hz ? g->hz : 100) | 0x8000;
	return g->fib_gen & 0x7fff;
}

static __always_inline void tell_no_neighbour(__be32 nexthop, __u32 ifindex)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return;
	__builtin_memset(event, 0, sizeof(*event));
	event->type = EVENT_NO_NEIGHBOUR;
	event->nexthop = nexthop;
	event->ifindex = ifindex;
	bpf_ringbuf_submit(event, 0);
}

/* Looks the way to daddr up; hop is written only when it is found. */
static __always_inline enum drop_reason fib_lookup4(struct xdp_md *ctx, __be32 saddr, __be32 daddr,
						    struct hop *hop)
{
	struct bpf_fib_lookup fib = {
		.family = AF_INET,
		.ifindex = ctx->ingress_ifindex,
		.ipv4_src = saddr,
		.ipv4_dst = daddr,
	};
	long rc = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);

	if (rc == BPF_FIB_LKUP_RET_NO_NEIGH) {
		tell_no_neighbour(fib.ipv4_dst, fib.ifindex);
		return DROP_NO_NEIGHBOUR;
	}
	if (rc != BPF_FIB_LKUP_RET_SUCCESS)
		return DROP_NO_ROUTE;
	hop->ifindex = fib.ifindex;
	__builtin_memcpy(hop->dmac, fib.dmac, 6);
	__builtin_memcpy(hop->smac, fib.smac, 6);
	return DROP_NONE;
}

/* Brings a connection's next hop up to the generation. An unresolved neighbour
 * keeps the address it had; a route that is gone is told to the caller. */
static __always_inline enum drop_reason fib_refresh4(struct xdp_md *ctx, struct flow4 *flow,
						     __u16 generation)
{
	enum drop_reason reason;
	struct hop hop;

	if (flow->fib_gen == generation)
		return DROP_NONE;
	reason = fib_lookup4(ctx, flow->saddr, flow->daddr, &hop);
	/* Towards a client the way its packets come is good enough. */
	if (reason == DROP_NO_ROUTE && flow->flags & FLOW_CLIENT)
		return reason;
	if (reason == DROP_NONE) {
		flow->ifindex = hop.ifindex;
		__builtin_memcpy(flow->dmac, hop.dmac, 6);
		__builtin_memcpy(flow->smac, hop.smac, 6);
	}
	flow->fib_gen = generation;
	return DROP_NONE;
}

static __always_inline int transmit(struct xdp_md *ctx, __u32 ifindex)
{
	const struct globals *g;

	if (ifindex == ctx->ingress_ifindex) {
		g = bpf_map_lookup_elem(&globals, &zero);
		if (g && !g->hairpin_redirect)
			return XDP_TX;
	}
	return bpf_redirect(ifindex, 0);
}

#endif
