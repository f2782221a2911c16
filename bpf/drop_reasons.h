/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every reason for which the gateway gives up a packet (or a part of its work
 * on one), as X(NUMBER, NAME, "what an operator reads").
 *
 * Numbers are never reused: counters are indexed by them and outlive upgrades.
 * Adding one: append it here and run `npm run gen`; the CLI, the metrics and
 * the TypeScript tables are made from this list.
 */
#ifndef CLEARNAT_DROP_REASONS_H
#define CLEARNAT_DROP_REASONS_H

#define CLEARNAT_DROP_REASONS(X)                                                           \
	X(0, NONE, "not dropped")                                                          \
	X(1, MALFORMED_IP, "IP header truncated, bad length or bad version")               \
	X(2, MALFORMED_TCP, "TCP header truncated or data offset out of range")            \
	X(3, MALFORMED_UDP, "UDP header truncated or length out of range")                 \
	X(4, TTL_EXPIRED, "TTL or hop limit reached zero")                                 \
	X(5, STRAY, "no connection and not a SYN")                                         \
	X(6, NO_MEMBER, "pool has no usable member")                                       \
	X(7, SNAT_EXHAUSTED, "no free SNAT port towards the member")                       \
	X(8, FLOW_TABLE_FULL, "connection table is full")                                  \
	X(9, NO_ROUTE, "no route to the next hop")                                         \
	X(10, NO_NEIGHBOUR, "next hop's link-layer address is not known yet")              \
	X(11, FRAGMENT, "fragment cannot be matched to a connection")                      \
	X(12, BAD_FRAGMENT, "tiny or overlapping fragment")                                \
	X(13, TOO_BIG, "packet exceeds the MTU of the way out")                            \
	X(14, TOA_NO_ROOM, "forwarded without the client address: no room for the option") \
	X(15, HALF_OPEN_EVICTED, "oldest half-open connection gave way to a newer one")    \
	X(16, ACL_DENIED, "client address not allowed by the listener")                    \
	X(17, CONNECTION_LIMIT, "listener's connection_limit reached")                     \
	X(18, LISTENER_DOWN, "listener or load balancer is administratively down")         \
	X(19, NO_HEADROOM, "driver left no room in front of the packet for the option")    \
	X(20, INTERNAL, "internal inconsistency (please report)")                          \
	X(21, MALFORMED_ICMP, "ICMP message truncated or its inner packet unusable")       \
	X(22, BAD_OPTION, "malformed TCP option cut from a client's packet")               \
	X(23, TOA_STRIPPED, "TOA option sent by a client removed")                         \
	X(24, SNAT_REUSED, "SNAT port reused while quarantined")

enum drop_reason {
#define X(number, name, text) DROP_##name = number,
	CLEARNAT_DROP_REASONS(X)
#undef X
		DROP_REASON_COUNT,
};

#endif
