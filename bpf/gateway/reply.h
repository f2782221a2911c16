/* SPDX-License-Identifier: GPL-2.0 */
/* Packets the gateway makes itself, out of the one it answers. */
#ifndef CLEARNAT_REPLY_H
#define CLEARNAT_REPLY_H

#include "count.h"
#include "csum.h"
#include "fib.h"
#include "parse.h"

#define REPLY_TTL	      64
#define IP_DF		      0x4000

#define ICMP_UNREACHABLE      3
#define ICMP_PORT_UNREACHABLE 3
#define ICMP_TIME_EXCEEDED    11

/* RFC 792; <linux/icmp.h> drags the C library in. */
struct icmp_header {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__u32 rest;
};

struct ends4 {
	__u8 to_mac[6];
	__u8 from_mac[6];
	__be32 to;
	__be32 from;
};

static __always_inline void ends4_of(const struct packet *pkt, struct ends4 *ends)
{
	__builtin_memcpy(ends->to_mac, pkt->eth->h_source, 6);
	__builtin_memcpy(ends->from_mac, pkt->eth->h_dest, 6);
	ends->to = pkt->ip->saddr;
	ends->from = pkt->ip->daddr;
}

static __always_inline void reply_headers4(struct ethhdr *eth, struct iphdr *ip,
					   const struct ends4 *ends, __u8 proto, __u16 tot_len)
{
	__be16 *words = (void *)ip;
	__u64 sum = 0;
	int i;

	__builtin_memcpy(eth->h_dest, ends->to_mac, 6);
	__builtin_memcpy(eth->h_source, ends->from_mac, 6);
	eth->h_proto = bpf_htons(ETH_P_IP);
	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(tot_len),
		.frag_off = bpf_htons(IP_DF),
		.ttl = REPLY_TTL,
		.protocol = proto,
		.saddr = ends->from,
		.daddr = ends->to,
	};
#pragma unroll
	for (i = 0; i < 10; i++)
		sum += words[i];
	ip->check = ~csum_fold(sum);
}

/*
 * Answers a TCP packet with the RST that its sender will accept (RFC 9293,
 * 3.10.7.1), out of the interface it came in by. A RST is never answered.
 * Counts `reason` either way.
 */
static __always_inline int reply_rst4(struct xdp_md *ctx, const struct packet *pkt,
				      enum drop_reason reason)
{
	const __u32 len = sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct tcphdr);
	__u32 seq = bpf_ntohl(pkt->tcp->seq), ack = bpf_ntohl(pkt->tcp->ack_seq);
	__be16 sport = pkt->tcp->source, dport = pkt->tcp->dest, *words;
	__u8 flags = pkt->flags;
	__u32 seg_len = pkt->payload_len + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
	struct ends4 ends;
	struct tcphdr *tcp;
	struct iphdr *ip;
	void *data;
	__u64 sum;
	int i;

	drop(reason);
	if (flags & TCP_RST)
		return XDP_DROP;
	ends4_of(pkt, &ends);
	if (bpf_xdp_adjust_tail(ctx, (int)len - (int)(ctx->data_end - ctx->data)))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	if (data + len > (void *)(long)ctx->data_end)
		return XDP_DROP;
	ip = data + sizeof(struct ethhdr);
	tcp = (void *)(ip + 1);
	reply_headers4(data, ip, &ends, IPPROTO_TCP, sizeof(*ip) + sizeof(*tcp));
	__builtin_memset(tcp, 0, sizeof(*tcp));
	tcp->source = dport;
	tcp->dest = sport;
	tcp->doff = 5;
	tcp->rst = 1;
	if (flags & TCP_ACK) {
		tcp->seq = bpf_htonl(ack);
	} else {
		tcp->ack = 1;
		tcp->ack_seq = bpf_htonl(seq + seg_len);
	}
	words = (void *)tcp;
	sum = (__u64)ip->saddr + ip->daddr + bpf_htons(IPPROTO_TCP) + bpf_htons(sizeof(*tcp));
#pragma unroll
	for (i = 0; i < 10; i++)
		sum += words[i];
	tcp->check = ~csum_fold(sum);
	return transmit(ctx, ctx->ingress_ifindex);
}

/* An ICMP error (RFC 792) from the address the packet was for, quoting its IP
 * header and 8 bytes. With IP options the packet is dropped silently. Counts
 * `reason` either way. */
static __always_inline int reply_icmp4(struct xdp_md *ctx, const struct packet *pkt, __u8 type,
				       __u8 code, enum drop_reason reason)
{
	const __u32 grow = sizeof(struct iphdr) + sizeof(struct icmp_header);
	const __u32 quote = sizeof(struct iphdr) + 8;
	const __u32 len = sizeof(struct ethhdr) + grow + quote;
	struct icmp_header *icmp;
	struct ends4 ends;
	struct iphdr *ip;
	void *data;
	__s64 sum;

	drop(reason);
	if (pkt->ip_len != sizeof(struct iphdr))
		return XDP_DROP;
	ends4_of(pkt, &ends);
	if (bpf_xdp_adjust_head(ctx, -(int)grow))
		return XDP_DROP;
	if (bpf_xdp_adjust_tail(ctx, (int)len - (int)(ctx->data_end - ctx->data)))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	if (data + len > (void *)(long)ctx->data_end)
		return XDP_DROP;
	ip = data + sizeof(struct ethhdr);
	icmp = (void *)(ip + 1);
	reply_headers4(data, ip, &ends, IPPROTO_ICMP, grow + quote);
	__builtin_memset(icmp, 0, sizeof(*icmp));
	icmp->type = type;
	icmp->code = code;
	sum = bpf_csum_diff(NULL, 0, (void *)icmp, sizeof(*icmp) + quote, 0);
	icmp->checksum = ~csum_fold(sum);
	return transmit(ctx, ctx->ingress_ifindex);
}

static __always_inline int reply_time_exceeded4(struct xdp_md *ctx, const struct packet *pkt)
{
	return reply_icmp4(ctx, pkt, ICMP_TIME_EXCEEDED, 0, DROP_TTL_EXPIRED);
}

static __always_inline int reply_port_unreachable4(struct xdp_md *ctx, const struct packet *pkt,
						   enum drop_reason reason)
{
	return reply_icmp4(ctx, pkt, ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, reason);
}

#endif
