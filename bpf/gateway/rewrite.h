/* SPDX-License-Identifier: GPL-2.0 */
/* A packet takes the addresses, ports and next hop of its flow. */
#ifndef CLEARNAT_REWRITE_H
#define CLEARNAT_REWRITE_H

#include "csum.h"
#include "parse.h"

/* Both headers must have been bounds-checked; the hop count be above one. */
static __always_inline void rewrite_ip4(struct ethhdr *eth, struct iphdr *ip,
					const struct flow4 *flow)
{
	ip->ttl -= 1;
	ip->check = csum_apply(ip->check, flow->csum_ip);
	ip->saddr = flow->saddr;
	ip->daddr = flow->daddr;
	__builtin_memcpy(eth->h_dest, flow->dmac, 6);
	__builtin_memcpy(eth->h_source, flow->smac, 6);
}

static __always_inline void rewrite_tcp4(struct ethhdr *eth, struct iphdr *ip, struct tcphdr *tcp,
					 const struct flow4 *flow)
{
	rewrite_ip4(eth, ip, flow);
	tcp->check = csum_apply(tcp->check, flow->csum_l4);
	tcp->source = flow->sport;
	tcp->dest = flow->dport;
}

/* "No checksum" stays so, and no checksum becomes it (RFC 768). */
static __always_inline void rewrite_udp4(struct ethhdr *eth, struct iphdr *ip, struct udphdr *udp,
					 const struct flow4 *flow)
{
	rewrite_ip4(eth, ip, flow);
	if (udp->check) {
		udp->check = csum_apply(udp->check, flow->csum_l4);
		if (!udp->check)
			udp->check = 0xffff;
	}
	udp->source = flow->sport;
	udp->dest = flow->dport;
}

#endif
