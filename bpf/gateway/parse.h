/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Headers of a packet, found once and checked against the end of the frame.
 *
 * Contract: a parser returns DROP_NONE and a struct packet whose pointers may be
 * dereferenced for the fixed headers (Ethernet 14, IPv4 20, TCP 20 or UDP 8 bytes), or
 * the reason why this is no packet to forward. Anything that moves the head or
 * tail of the frame invalidates the pointers: parse again.
 */
#ifndef CLEARNAT_PARSE_H
#define CLEARNAT_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>

#include "shared.h"

#define IP_FRAGMENT 0x3fff /* more-fragments bit and offset */

/* Byte 13 of the TCP header. */
enum tcp_flag {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_ACK = 16,
};

struct packet {
	struct ethhdr *eth;
	struct iphdr *ip;
	struct tcphdr *tcp;
	void *end;
	__u32 tot_len;	   /* IP packet, bytes */
	__u32 ip_len;	   /* IP header, bytes */
	__u32 options_len; /* TCP options, bytes */
	__u32 payload_len; /* TCP payload, bytes */
	__u8 flags;	   /* enum tcp_flag */
};

static __always_inline __u8 tcp_flags(const struct tcphdr *tcp)
{
	return ((const __u8 *)tcp)[13];
}

/* Ethernet and IPv4; the rest of the packet is left as it was. */
static __always_inline enum drop_reason parse_ip4(struct xdp_md *ctx, struct packet *pkt)
{
	void *data = (void *)(long)ctx->data;

	pkt->end = (void *)(long)ctx->data_end;
	pkt->eth = data;
	pkt->ip = (void *)(pkt->eth + 1);
	if ((void *)(pkt->ip + 1) > pkt->end)
		return DROP_MALFORMED_IP;
	pkt->ip_len = pkt->ip->ihl * 4;
	pkt->tot_len = bpf_ntohs(pkt->ip->tot_len);
	if (pkt->ip->version != 4 || pkt->ip_len < sizeof(struct iphdr) ||
	    pkt->tot_len < pkt->ip_len ||
	    sizeof(struct ethhdr) + pkt->tot_len > (__u64)(pkt->end - data))
		return DROP_MALFORMED_IP;
	if (pkt->ip->frag_off & bpf_htons(IP_FRAGMENT))
		return DROP_FRAGMENT;
	return DROP_NONE;
}

static __always_inline enum drop_reason parse_tcp4(struct xdp_md *ctx, struct packet *pkt)
{
	enum drop_reason reason = parse_ip4(ctx, pkt);
	__u32 header_len;

	if (reason != DROP_NONE)
		return reason;
	pkt->tcp = (void *)pkt->ip + pkt->ip_len;
	if ((void *)(pkt->tcp + 1) > pkt->end)
		return DROP_MALFORMED_TCP;
	header_len = pkt->tcp->doff * 4;
	if (header_len < sizeof(struct tcphdr) || pkt->ip_len + header_len > pkt->tot_len)
		return DROP_MALFORMED_TCP;
	pkt->options_len = header_len - sizeof(struct tcphdr);
	pkt->payload_len = pkt->tot_len - pkt->ip_len - header_len;
	pkt->flags = tcp_flags(pkt->tcp);
	return DROP_NONE;
}

/* On success udp points to the header, which may be dereferenced. */
static __always_inline enum drop_reason parse_udp4(struct xdp_md *ctx, struct packet *pkt,
						   struct udphdr **udp)
{
	enum drop_reason reason = parse_ip4(ctx, pkt);
	__u32 len;

	if (reason != DROP_NONE)
		return reason;
	*udp = (void *)pkt->ip + pkt->ip_len;
	if ((void *)(*udp + 1) > pkt->end)
		return DROP_MALFORMED_UDP;
	len = bpf_ntohs((*udp)->len);
	if (len < sizeof(struct udphdr) || pkt->ip_len + len > pkt->tot_len)
		return DROP_MALFORMED_UDP;
	return DROP_NONE;
}

static __always_inline void flow4_key_of(const struct packet *pkt, struct flow4_key *key)
{
	*key = (struct flow4_key){
		.saddr = pkt->ip->saddr,
		.daddr = pkt->ip->daddr,
		.sport = pkt->tcp->source,
		.dport = pkt->tcp->dest,
		.proto = IPPROTO_TCP,
	};
}

/* The key of the packets that answer the ones this entry rewrites. */
static __always_inline void flow4_peer_key(const struct flow4 *flow, __u8 proto,
					   struct flow4_key *key)
{
	*key = (struct flow4_key){
		.saddr = flow->daddr,
		.daddr = flow->saddr,
		.sport = flow->dport,
		.dport = flow->sport,
		.proto = proto,
	};
}

#endif
