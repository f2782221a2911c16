// SPDX-License-Identifier: GPL-2.0
/*
 * ClearNAT's data plane. A packet's way:
 *
 *   gateway       every packet. Not ours -> kernel. Established -> rewritten and
 *                 sent on here, with one look-up. Anything else -> one of:
 *   flow4_slow    known connection: handshake, client address, end, next hop
 *   new4          no connection yet: listener, member, SNAT port; or refusal
 *   strip4        TCP options that a client must not send are blanked; then
 *                 back to `gateway`
 *   udp4          every UDP packet, of a connection or not
 *   expire        not for packets: the daemon ends connections with it
 *   clock         not for packets: the daemon says that it lives, and reads the
 *                 jiffies that connections are stamped with
 *
 * Programs past the first look headers and flow up again: that costs them one
 * hot look-up, and keeps each of them whole and checkable on its own.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "count.h"
#include "fib.h"
#include "filter.h"
#include "flow.h"
#include "maps.h"
#include "options.h"
#include "parse.h"
#include "reply.h"
#include "rewrite.h"
#include "schedule.h"
#include "snat.h"

char LICENSE[] SEC("license") = "GPL";

int flow4_slow(struct xdp_md *ctx);
int new4(struct xdp_md *ctx);
int strip4(struct xdp_md *ctx);
int udp4(struct xdp_md *ctx);
int gateway(struct xdp_md *ctx);

/* Where the programs find each other. One per load: not shared by two builds. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, PROG_COUNT);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} progs SEC(".maps") = {
	.values =
		{
			[PROG_FLOW4] = (void *)&flow4_slow,
			[PROG_NEW4] = (void *)&new4,
			[PROG_STRIP4] = (void *)&strip4,
			[PROG_GATEWAY] = (void *)&gateway,
			[PROG_UDP4] = (void *)&udp4,
		},
};

static __always_inline int hand_over(struct xdp_md *ctx, enum prog_slot slot)
{
	bpf_tail_call(ctx, &progs, slot);
	return drop(DROP_INTERNAL); /* reached only when the slot is empty */
}

/* True when this packet needs nothing but its rewrite. */
static __always_inline bool fast4(const struct flow4 *flow, const struct packet *pkt,
				  __u16 generation)
{
	if (flow->flags & FLOW_SLOW || pkt->flags & (TCP_SYN | TCP_FIN | TCP_RST) ||
	    flow->fib_gen != generation || pkt->ip->ttl <= 1)
		return false;
	return !(flow->flags & FLOW_CLIENT) || options_plain(pkt->tcp, pkt->end);
}

static __always_inline int gateway4(struct xdp_md *ctx)
{
	struct packet pkt;
	struct flow4_key key;
	struct flow4 *flow;
	struct iphdr *ip;
	__u32 at = now();

	ip = (void *)(long)ctx->data + sizeof(struct ethhdr);
	if ((void *)(ip + 1) > (void *)(long)ctx->data_end)
		return XDP_PASS;
	if (!concerns_us4(ip->saddr, ip->daddr))
		return XDP_PASS;
	if (ip->protocol == IPPROTO_UDP)
		return hand_over(ctx, PROG_UDP4);
	if (ip->protocol != IPPROTO_TCP || ip->ihl != 5)
		return hand_over(ctx, PROG_NEW4);
	if (parse_tcp4(ctx, &pkt) != DROP_NONE)
		return hand_over(ctx, PROG_NEW4);
	flow4_key_of(&pkt, &key);
	flow = bpf_map_lookup_elem(&flows4, &key);
	if (!flow)
		return hand_over(ctx, PROG_NEW4);
	if (!fast4(flow, &pkt, fib_generation(at)))
		return hand_over(ctx, PROG_FLOW4);
	flow->last_seen = at;
	flow->ack = bpf_ntohl(pkt.tcp->ack_seq);
	flow->packets += 1;
	flow->bytes += pkt.tot_len;
	count_traffic(flow->listener, flow->member, flow->flags & FLOW_CLIENT, pkt.tot_len);
	rewrite_tcp4(pkt.eth, pkt.ip, pkt.tcp, flow);
	return transmit(ctx, flow->ifindex);
}

SEC("xdp")
int gateway(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return gateway4(ctx);
	return XDP_PASS;
}

/* Whether the client's address fits into the packet and the packet, with it,
 * through the way out. */
static __always_inline bool toa_fits4(struct xdp_md *ctx, const struct packet *pkt,
				      const struct flow4 *flow)
{
	struct bpf_fib_lookup fib = {
		.family = AF_INET,
		.ifindex = ctx->ingress_ifindex,
		.tot_len = pkt->tot_len + TOA_V4_LEN,
		.ipv4_src = flow->saddr,
		.ipv4_dst = flow->daddr,
	};

	if (pkt->options_len + TOA_V4_LEN > OPTIONS_MAX)
		return false;
	if (!pkt->payload_len) /* headers alone fit every link */
		return true;
	return bpf_fib_lookup(ctx, &fib, sizeof(fib), 0) != BPF_FIB_LKUP_RET_FRAG_NEEDED;
}

/*
 * Sends a client's or member's packet of a connection on: the options first
 * (they move the headers), then what the fast path does too.
 */
static __always_inline int forward4(struct xdp_md *ctx, struct packet *pkt,
				    const struct flow4_key *key, struct flow4 *flow, __u32 at)
{
	const struct listener *listener;
	__u32 ip_len = pkt->ip_len & 60, id = flow->listener;
	enum drop_reason reason;
	struct ethhdr *eth;
	struct iphdr *ip;
	struct tcphdr *tcp;
	void *end;

	flow->last_seen = at;
	flow->packets += 1;
	flow->bytes += pkt->tot_len;
	count_traffic(flow->listener, flow->member, flow->flags & FLOW_CLIENT, pkt->tot_len);
	if (flow->flags & FLOW_TOA) {
		listener = bpf_map_lookup_elem(&listeners, &id);
		if (flow->flags & FLOW_CLIENT && listener && !(pkt->flags & TCP_RST)) {
			if (toa_fits4(ctx, pkt, flow)) {
				reason = options_insert_toa4(ctx, ip_len, listener->toa_kind,
							     key->saddr, key->sport);
				if (reason != DROP_NONE)
					return drop(reason);
			} else {
				note(DROP_TOA_NO_ROOM);
			}
		} else if (!(flow->flags & FLOW_CLIENT) && pkt->flags & TCP_SYN) {
			options_lower_mss(pkt, TOA_V4_LEN);
		}
	}
	eth = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	ip = (void *)(eth + 1);
	tcp = (void *)ip + ip_len;
	if ((void *)(ip + 1) > end || (void *)(tcp + 1) > end)
		return drop(DROP_INTERNAL);
	rewrite_tcp4(eth, ip, tcp, flow);
	return transmit(ctx, flow->ifindex);
}

SEC("xdp")
int flow4_slow(struct xdp_md *ctx)
{
	struct flow4_key key, peer_key;
	struct flow4 *flow, *peer;
	enum drop_reason reason;
	struct packet pkt;
	__u32 at = now();

	reason = parse_tcp4(ctx, &pkt);
	if (reason != DROP_NONE)
		return drop(reason);
	flow4_key_of(&pkt, &key);
	flow = bpf_map_lookup_elem(&flows4, &key);
	if (!flow)
		return hand_over(ctx, PROG_NEW4);
	flow4_peer_key(flow, key.proto, &peer_key);
	peer = bpf_map_lookup_elem(&flows4, &peer_key);
	if (!peer)
		return drop(DROP_INTERNAL);
	if (pkt.ip->ttl <= 1)
		return reply_time_exceeded4(ctx, &pkt);
	if (flow->flags & FLOW_CLIENT) {
		if ((pkt.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
		    flow->state >= STATE_TIME_WAIT) {
			flow4_end(&key, flow, END_REPLACED);
			return hand_over(ctx, PROG_NEW4);
		}
		if (!options_plain(pkt.tcp, pkt.end) && options_need_strip(&pkt))
			return hand_over(ctx, PROG_STRIP4);
	}
	reason = fib_refresh4(ctx, flow, fib_generation(at));
	if (reason != DROP_NONE)
		return drop(reason);
	flow4_track(flow, peer, &pkt);
	return forward4(ctx, &pkt, &key, flow, at);
}

static __always_inline const struct listener *listener_find4(const struct flow4_key *key, __u32 *id)
{
	struct vip_key vip = {
		.addr = {[10] = 0xff, [11] = 0xff}, .port = key->dport, .proto = key->proto};
	const __u32 *found;

	__builtin_memcpy(vip.addr + 12, &key->daddr, 4);
	found = bpf_map_lookup_elem(&vips, &vip);
	if (!found) {
		vip.port = 0; /* protocol_port: all */
		found = bpf_map_lookup_elem(&vips, &vip);
	}
	if (!found)
		return NULL;
	*id = *found;
	return bpf_map_lookup_elem(&listeners, id);
}

static __always_inline bool listener_full(__u32 id, const struct listener *listener)
{
	const struct conn_count *conns = bpf_map_lookup_elem(&listener_conns, &id);

	return listener->connection_limit >= 0 && conns &&
	       conns->active >= listener->connection_limit;
}

/* The way back to the client: the route, or else the way the packet came. */
static __always_inline void hop_back4(struct xdp_md *ctx, const struct packet *pkt, struct hop *hop)
{
	if (fib_lookup4(ctx, pkt->ip->daddr, pkt->ip->saddr, hop) == DROP_NONE)
		return;
	hop->ifindex = ctx->ingress_ifindex;
	__builtin_memcpy(hop->dmac, pkt->eth->h_source, 6);
	__builtin_memcpy(hop->smac, pkt->eth->h_dest, 6);
}

/* Makes the connection for a client's first packet: member, SNAT port, both entries. */
static __always_inline enum drop_reason open4(struct xdp_md *ctx, const struct packet *pkt,
					      const struct flow4_key *key, __u32 listener_id,
					      const struct listener *listener, __u32 at)
{
	struct flow4 flow = {}, peer = {};
	const struct member *member;
	struct flow4_key peer_key;
	enum drop_reason reason;
	struct snat_port port;
	__be32 member_addr;
	struct hop hop;

	if (!(listener->flags & LISTENER_UP))
		return DROP_LISTENER_DOWN;
	if (listener_full(listener_id, listener))
		return DROP_CONNECTION_LIMIT;
	member = member_pick(listener->pool, key->saddr, &flow.member);
	if (!member || member->family != 4)
		return DROP_NO_MEMBER;
	__builtin_memcpy(&member_addr, member->addr + 12, 4);
	reason = snat_take(member->dest, listener->snat_set, &port);
	if (reason != DROP_NONE)
		return reason;
	reason = fib_lookup4(ctx, port.addr, member_addr, &hop);
	if (reason != DROP_NONE)
		goto err_port;

	flow.saddr = port.addr;
	flow.daddr = member_addr;
	flow.sport = bpf_htons(port.port);
	flow.dport = member->port;
	flow.last_seen = at;
	flow.fib_gen = fib_generation(at);
	if (key->proto == IPPROTO_UDP) {
		flow.state = STATE_UDP;
	} else {
		flow.state = STATE_SYN_SENT;
		flow.flags = FLOW_SLOW | (listener->flags & LISTENER_TOA ? FLOW_TOA : 0);
	}
	flow.listener = listener_id;
	flow.snat = port.snat;
	peer = flow;
	flow.flags |= FLOW_CLIENT;
	flow4_set_hop(&flow, &hop);
	flow4_precompute(key, &flow);

	flow4_peer_key(&flow, key->proto, &peer_key);
	peer.saddr = key->daddr;
	peer.daddr = key->saddr;
	peer.sport = key->dport;
	peer.dport = key->sport;
	hop_back4(ctx, pkt, &hop);
	flow4_set_hop(&peer, &hop);
	flow4_precompute(&peer_key, &peer);

	reason = DROP_FLOW_TABLE_FULL;
	if (bpf_map_update_elem(&flows4, &peer_key, &peer, BPF_NOEXIST))
		goto err_port;
	if (bpf_map_update_elem(&flows4, key, &flow, BPF_NOEXIST))
		goto err_peer;
	count_state(listener_id, flow.member, STATE_NONE, flow.state);
	return DROP_NONE;

err_peer:
	bpf_map_delete_elem(&flows4, &peer_key);
err_port:
	snat_give(member->dest, port.snat, port.port);
	return reason;
}

SEC("xdp")
int new4(struct xdp_md *ctx)
{
	const struct listener *listener;
	enum drop_reason reason;
	struct flow4_key key;
	struct flow4 *flow;
	struct packet pkt;
	__u32 at = now(), id;

	reason = parse_tcp4(ctx, &pkt);
	if (reason == DROP_MALFORMED_IP)
		return XDP_PASS; /* the kernel knows what to do with it */
	if (pkt.ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	if (reason != DROP_NONE)
		return drop(reason);
	flow4_key_of(&pkt, &key);
	flow = bpf_map_lookup_elem(&flows4, &key);
	if (flow)
		return hand_over(ctx, PROG_FLOW4);
	listener = listener_find4(&key, &id);
	if (!listener)
		return XDP_PASS;
	if ((pkt.flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN) {
		if (listener->flags & LISTENER_STRAY_DROP)
			return drop(DROP_STRAY);
		return reply_rst4(ctx, &pkt, DROP_STRAY);
	}
	if (pkt.ip->ttl <= 1)
		return reply_time_exceeded4(ctx, &pkt);
	if (options_need_strip(&pkt))
		return hand_over(ctx, PROG_STRIP4);
	reason = open4(ctx, &pkt, &key, id, listener, at);
	if (reason == DROP_NO_NEIGHBOUR)
		return drop(reason); /* the client's next SYN will find it resolved */
	if (reason != DROP_NONE)
		return reply_rst4(ctx, &pkt, reason);
	flow = bpf_map_lookup_elem(&flows4, &key);
	if (!flow)
		return drop(DROP_INTERNAL);
	return forward4(ctx, &pkt, &key, flow, at);
}

SEC("xdp")
int udp4(struct xdp_md *ctx)
{
	const struct listener *listener;
	enum drop_reason reason;
	struct flow4_key key;
	struct udphdr *udp;
	struct flow4 *flow;
	struct packet pkt;
	__u32 at = now(), id;

	reason = parse_udp4(ctx, &pkt, &udp);
	if (reason == DROP_MALFORMED_IP)
		return XDP_PASS;
	if (reason != DROP_NONE)
		return drop(reason);
	key = (struct flow4_key){
		.saddr = pkt.ip->saddr,
		.daddr = pkt.ip->daddr,
		.sport = udp->source,
		.dport = udp->dest,
		.proto = IPPROTO_UDP,
	};
	flow = bpf_map_lookup_elem(&flows4, &key);
	if (!flow) {
		listener = listener_find4(&key, &id);
		if (!listener)
			return XDP_PASS;
		if (pkt.ip->ttl <= 1)
			return reply_time_exceeded4(ctx, &pkt);
		reason = open4(ctx, &pkt, &key, id, listener, at);
		if (reason == DROP_NO_NEIGHBOUR)
			return drop(reason);
		if (reason != DROP_NONE)
			return reply_port_unreachable4(ctx, &pkt, reason);
		flow = bpf_map_lookup_elem(&flows4, &key);
		if (!flow)
			return drop(DROP_INTERNAL);
	}
	if (pkt.ip->ttl <= 1)
		return reply_time_exceeded4(ctx, &pkt);
	reason = fib_refresh4(ctx, flow, fib_generation(at));
	if (reason != DROP_NONE)
		return drop(reason);
	flow->last_seen = at;
	flow->packets += 1;
	flow->bytes += pkt.tot_len;
	count_traffic(flow->listener, flow->member, flow->flags & FLOW_CLIENT, pkt.tot_len);
	rewrite_udp4(pkt.eth, pkt.ip, udp, flow);
	return transmit(ctx, flow->ifindex);
}

SEC("xdp")
int strip4(struct xdp_md *ctx)
{
	enum drop_reason reason;
	struct packet pkt;

	reason = parse_tcp4(ctx, &pkt);
	if (reason == DROP_NONE)
		reason = options_strip(&pkt);
	if (reason != DROP_NONE)
		return drop(reason);
	note(DROP_TOA_STRIPPED);
	return hand_over(ctx, PROG_GATEWAY);
}

/* Run by the daemon. Returns how many of the named connections it ended. */
SEC("xdp")
int expire(struct xdp_md *ctx)
{
	struct expire_request *request = (void *)(long)ctx->data;
	struct expire_entry *entry = (void *)(request + 1);
	void *end = (void *)(long)ctx->data_end;
	struct flow4_key key, peer_key;
	const struct flow4 *flow, *peer;
	__u32 i, ended = 0;

	if ((void *)(request + 1) > end)
		return 0;
	for (i = 0; i < EXPIRE_BATCH && i < request->count; i++, entry++) {
		if ((void *)(entry + 1) > end)
			break;
		key = entry->key;
		flow = bpf_map_lookup_elem(&flows4, &key);
		if (!flow || !(flow->flags & FLOW_CLIENT))
			continue;
		if (request->reason == END_IDLE) {
			flow4_peer_key(flow, key.proto, &peer_key);
			peer = bpf_map_lookup_elem(&flows4, &peer_key);
			if (flow->last_seen != entry->last_seen ||
			    (peer && peer->last_seen != entry->peer_last_seen))
				continue;
		}
		ended += flow4_end(&key, flow, request->reason);
	}
	return ended;
}

/* Run by the daemon. Returns the low 32 bits of jiffies. */
SEC("xdp")
int clock(struct xdp_md *ctx __attribute__((unused)))
{
	struct globals *g = bpf_map_lookup_elem(&globals, &zero);
	__u32 at = now();

	if (g)
		g->heartbeat = at;
	return at;
}
