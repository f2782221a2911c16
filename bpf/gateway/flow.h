/* SPDX-License-Identifier: GPL-2.0 */
/* Connections: made, followed and ended as a pair of entries. */
#ifndef CLEARNAT_FLOW_H
#define CLEARNAT_FLOW_H

#include "count.h"
#include "csum.h"
#include "fib.h"
#include "parse.h"
#include "snat.h"

/* How far beyond the last acknowledgment a RST may be. */
#define RST_WINDOW (1u << 20)

/* What the hop count's decrement adds to every IPv4 header's sum. */
#define CSUM_TTL   csum_replace16(bpf_htons(0x0100), 0)

/* Fills the sums that turn a packet matching `key` into what `flow` says. */
static __always_inline void flow4_precompute(const struct flow4_key *key, struct flow4 *flow)
{
	__u64 addrs =
		csum_replace32(key->saddr, flow->saddr) + csum_replace32(key->daddr, flow->daddr);

	flow->csum_ip = csum_fold(addrs + CSUM_TTL);
	flow->csum_l4 = csum_fold(addrs + csum_replace16(key->sport, flow->sport) +
				  csum_replace16(key->dport, flow->dport));
}

static __always_inline void flow4_set_hop(struct flow4 *flow, const struct hop *hop)
{
	flow->ifindex = hop->ifindex;
	__builtin_memcpy(flow->dmac, hop->dmac, 6);
	__builtin_memcpy(flow->smac, hop->smac, 6);
}

/* Both entries take the new state; the counters follow. */
static __always_inline void flow4_set_state(struct flow4 *flow, struct flow4 *peer, __u8 state)
{
	if (flow->state == state)
		return;
	if (state_is_active(flow->state) != state_is_active(state))
		count_state(flow->listener, flow->member, flow->state, state);
	flow->state = state;
	peer->state = state;
}

static __always_inline void flow4_clear_flag(struct flow4 *flow, struct flow4 *peer, __u8 flag)
{
	flow->flags &= ~flag;
	peer->flags &= ~flag;
}

/* Follows TCP through one packet. `flow` matches it, `peer` matches its answers.
 * An entry stays off the fast path until the handshake is complete and the
 * member has given a sign that it knows the client's address. */
static __always_inline void flow4_track(struct flow4 *flow, struct flow4 *peer,
					const struct packet *pkt)
{
	bool from_client = flow->flags & FLOW_CLIENT;
	__u32 ack = bpf_ntohl(pkt->tcp->ack_seq);
	__u8 state = flow->state;

	if (pkt->flags & TCP_RST) {
		/* One that its receiver would ignore ends nothing here either. */
		if (state > STATE_SYN_RECV && bpf_ntohl(pkt->tcp->seq) - peer->ack >= RST_WINDOW)
			return;
		flow->flags |= FLOW_SLOW;
		peer->flags |= FLOW_SLOW;
		flow4_set_state(flow, peer, STATE_CLOSE);
		return;
	}
	if (pkt->flags & TCP_SYN) {
		if (!from_client && state == STATE_SYN_SENT && pkt->flags & TCP_ACK)
			flow4_set_state(flow, peer, STATE_SYN_RECV);
		if (pkt->flags & TCP_ACK)
			flow->ack = ack;
		return;
	}
	if (!from_client && peer->flags & FLOW_TOA && (pkt->payload_len || ack != flow->ack))
		flow4_clear_flag(flow, peer, FLOW_TOA);
	if (pkt->flags & TCP_ACK)
		flow->ack = ack;
	if (from_client && state == STATE_SYN_RECV && pkt->flags & TCP_ACK) {
		flow4_set_state(flow, peer, STATE_ESTABLISHED);
		state = STATE_ESTABLISHED;
	}
	if (pkt->flags & TCP_FIN) {
		flow->flags |= FLOW_FIN;
		if (peer->flags & FLOW_FIN)
			flow4_set_state(flow, peer, STATE_TIME_WAIT);
		else
			flow4_set_state(flow, peer,
					from_client ? STATE_FIN_WAIT : STATE_CLOSE_WAIT);
		state = flow->state;
	}
	if (state == STATE_CLOSE && pkt->flags & TCP_ACK) {
		/* Who goes on talking has not accepted the RST. */
		flow4_set_state(flow, peer, STATE_ESTABLISHED);
		state = STATE_ESTABLISHED;
	}
	if (state >= STATE_ESTABLISHED && !((flow->flags | peer->flags) & FLOW_TOA))
		flow4_clear_flag(flow, peer, FLOW_SLOW);
}

static __always_inline void flow4_tell_end(const struct flow4_key *key, const struct flow4 *flow,
					   const struct flow4_key *peer_key,
					   const struct flow4 *peer, __u32 reason)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return;
	__builtin_memset(event, 0, sizeof(*event));
	event->type = EVENT_FLOW_END;
	event->reason = reason;
	event->client = *key;
	event->member = *peer_key;
	event->bytes_in = flow->bytes;
	event->packets_in = flow->packets;
	event->bytes_out = peer->bytes;
	event->packets_out = peer->packets;
	event->member_id = flow->member;
	event->listener = flow->listener;
	bpf_ringbuf_submit(event, 0);
}

/* Ends the connection whose client side matches `key`: both entries, the port
 * and the counters. Only one of several callers at once does the work. */
static __always_inline bool flow4_end(const struct flow4_key *key, const struct flow4 *flow,
				      __u32 reason)
{
	__u32 member_id = flow->member, snat = flow->snat;
	__u16 port = bpf_ntohs(flow->sport);
	const struct member *member;
	struct flow4_key peer_key;
	const struct flow4 *peer;
	__u8 flags = flow->flags;

	flow4_peer_key(flow, key->proto, &peer_key);
	peer = bpf_map_lookup_elem(&flows4, &peer_key);
	if (peer)
		flow4_tell_end(key, flow, &peer_key, peer, reason);
	count_state(flow->listener, flow->member, flow->state, STATE_NONE);
	if (bpf_map_delete_elem(&flows4, key)) {
		/* Somebody was faster; take the counting back. */
		count_state(flow->listener, flow->member, STATE_NONE, flow->state);
		return false;
	}
	bpf_map_delete_elem(&flows4, &peer_key);
	member = bpf_map_lookup_elem(&members, &member_id);
	if (member && !(flags & FLOW_DNAT))
		snat_give(member->dest, snat, port);
	return true;
}

#endif
