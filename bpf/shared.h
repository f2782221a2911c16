/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gateway's ABI: every map key and value that both the kernel side and the
 * daemon touch. TypeScript's codecs (src/dataplane/abi.ts) are generated from
 * the BTF of these structures; a test fails when they differ.
 *
 * Rules: explicit padding, natural alignment, network byte order only in
 * __be16/__be32 fields, addresses of 16 bytes hold IPv4 as ::ffff:a.b.c.d.
 */
#ifndef CLEARNAT_SHARED_H
#define CLEARNAT_SHARED_H

#include <linux/bpf.h>
#include <linux/types.h>

#include "drop_reasons.h"

/* Changes whenever a layout below changes; pinned maps of another version are
 * not reused. */
#define CLEARNAT_ABI_VERSION 1

/* Limits. The daemon sizes maps at load within these. */
enum limits {
	MAX_LISTENERS = 65535,	/* listener ids are 16 bits wide */
	MAX_SNAT = 256,		/* SNAT addresses of one gateway, both families */
	SNAT_FIRST_PORT = 1024, /* SPEC section 3 */
	SNAT_LAST_PORT = 65535,
	CHUNK_PORTS = 4032, /* ports in one snat_chunk: 63 words of 64 */
	CHUNK_WORDS = 63,
	CHUNKS = 16,	     /* CHUNKS * CHUNK_PORTS = 64512 */
	FILTER_BITS = 65536, /* address classes, see addr_filter */
	TOA_V4_LEN = 8,
	TOA_V6_LEN = 20,
	EXPIRE_BATCH = 64,
};

/* ---- connections ------------------------------------------------------- */

/* SPEC section 6. */
enum flow_state {
	STATE_NONE = 0,
	STATE_SYN_SENT = 1,
	STATE_SYN_RECV = 2,
	STATE_ESTABLISHED = 3,
	STATE_FIN_WAIT = 4,   /* client sent FIN */
	STATE_CLOSE_WAIT = 5, /* member sent FIN */
	STATE_TIME_WAIT = 6,
	STATE_CLOSE = 7, /* RST seen */
	STATE_UDP = 8,
	STATE_COUNT = 9,
};

enum flow_flag {
	FLOW_CLIENT = 1,  /* this entry matches client-to-member packets */
	FLOW_SLOW = 2,	  /* not for the fast path: handshake, TOA pending, closing */
	FLOW_TOA = 4,	  /* insert the client's address into this direction */
	FLOW_XLAT = 8,	  /* the other side is of the other family: see flow_xlat */
	FLOW_SEQADJ = 16, /* sequence numbers are translated: see flow_seqadj */
	FLOW_DNAT = 32,	  /* only the destination is rewritten */
	FLOW_FIN = 64,	  /* FIN seen in this direction */
};

/* A packet as it arrives. One connection owns two entries of the flow table,
 * one per direction; each holds all that its own direction needs, so that an
 * established packet costs one look-up and dirties one entry. */
struct flow4_key {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	__u8 proto;
	__u8 pad[3];
};

/* 64 bytes: with the 16-byte key and the kernel's 48-byte header an entry is
 * two cache lines, the second being exactly this value. */
struct flow4 {
	__be32 saddr; /* rewritten to */
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	__u16 csum_ip; /* one's complement sums to add to the inverted checksum */
	__u16 csum_l4;
	__u8 dmac[6];
	__u8 smac[6];
	__u32 ifindex;	 /* way out */
	__u32 last_seen; /* jiffies, low 32 bits */
	__u32 ack;	 /* last acknowledgment number sent in this direction, host order */
	__u32 packets;
	__u16 fib_gen; /* globals.fib_gen when dmac, smac and ifindex were learned */
	__u8 state;    /* enum flow_state, same in both entries */
	__u8 flags;    /* enum flow_flag */
	__u64 bytes;   /* of IP packets as they arrived */
	__u32 member;
	__u16 listener;
	__u16 snat; /* index into snat_addrs */
};

struct flow6_key {
	__be32 saddr[4];
	__be32 daddr[4];
	__be16 sport;
	__be16 dport;
	__u8 proto;
	__u8 pad[3];
};

struct flow6 {
	__be32 saddr[4]; /* rewritten to; with FLOW_XLAT IPv4 in [3] */
	__be32 daddr[4];
	__be16 sport;
	__be16 dport;
	__u16 pad;
	__u16 csum_l4;
	__u8 dmac[6];
	__u8 smac[6];
	__u32 ifindex;
	__u32 last_seen;
	__u32 ack;
	__u32 packets;
	__u16 fib_gen;
	__u8 state;
	__u8 flags;
	__u64 bytes;
	__u32 member;
	__u16 listener;
	__u16 snat;
};

/* A half-open connection's place in the ring that bounds them. */
struct half_open {
	struct flow4_key key; /* client side; proto 0: empty */
};

/* ---- configuration, written by the daemon ------------------------------ */

enum listener_flag {
	LISTENER_UP = 1,
	LISTENER_DNAT = 2,
	LISTENER_TOA = 4,	 /* client_address: toa */
	LISTENER_STRAY_DROP = 8, /* stray_packets: drop */
};

/* Which listener serves an address and port. port 0: all ports. */
struct vip_key {
	__u8 addr[16];
	__be16 port;
	__u8 proto;
	__u8 pad;
};

struct listener {
	__u32 pool;
	__u32 flags;	    /* enum listener_flag */
	__u32 idle_timeout; /* seconds */
	__s32 connection_limit;
	__u8 toa_kind;
	__u8 pad[3];
	__u32 snat_set; /* index into snat_sets */
	__u32 acl;
	__u32 reserved;
};

enum pool_algorithm {
	LB_ROUND_ROBIN = 0,
	LB_LEAST_CONNECTIONS = 1,
	LB_SOURCE_IP = 2,
	LB_QUIC_CID = 3,
};

/* A pool's picks are pre-computed by the daemon into a run of the `schedule`
 * array: a smooth weighted round-robin order, a Maglev table, or the member
 * list for least connections. */
struct pool {
	struct bpf_spin_lock lock; /* guards cursor */
	__u32 cursor;
	__u32 schedule;	    /* first slot */
	__u32 schedule_len; /* 0: no usable member */
	__u32 algorithm;    /* enum pool_algorithm */
	__u32 persistence_timeout;
	__u32 reserved[2];
};

enum member_flag {
	MEMBER_UP = 1,	     /* healthy or unmonitored, and administratively up */
	MEMBER_DRAINING = 2, /* no new connections */
};

struct member {
	__u8 addr[16];
	__be16 port;
	__u8 family; /* 4 or 6 */
	__u8 proto;
	__u32 flags; /* enum member_flag */
	__u32 dest;  /* index into dests: who shares this address, port and protocol */
	__u32 weight;
	__u32 pool;
	__u32 reserved;
};

/* SNAT port space towards one member address, port and protocol. */
struct dest {
	struct bpf_spin_lock lock; /* guards the rest */
	__u32 pad;
	__u64 exhausted[MAX_SNAT / 64]; /* bit s: full[s] is all ones */
	__u16 full[MAX_SNAT]; /* bit c of full[s]: chunk c of SNAT address s has no free port */
};

/* SNAT addresses a listener may use; bit s: snat_addrs[s]. One per family. */
struct snat_set {
	__u64 mask4[MAX_SNAT / 64];
	__u64 mask6[MAX_SNAT / 64];
};

struct snat_addr {
	__u8 addr[16];
};

struct chunk_key {
	__u32 dest;
	__u16 snat;
	__u16 chunk;
};

/* CHUNK_PORTS source ports of one SNAT address towards one dest. Bit b of word
 * w is port SNAT_FIRST_PORT + chunk * CHUNK_PORTS + w * 64 + b. */
struct snat_chunk {
	struct bpf_spin_lock lock; /* guards the rest */
	__u32 next;		   /* bit to look at first: ports are reused as late as possible */
	__u64 full_words;	   /* bit w: used[w] is all ones */
	__u64 wait_words;	   /* bit w: wait[w] is not zero */
	__u64 used[CHUNK_WORDS];
	__u64 wait[CHUNK_WORDS]; /* ports whose connection is in TIME_WAIT */
};

/* Address classes in addr_filter: two bits per hash value say whether a packet
 * can concern the gateway at all, before any hash look-up is paid for. */
enum addr_class {
	ADDR_NONE = 0,
	ADDR_OURS = 1,	 /* VIP or SNAT address: look at the destination */
	ADDR_SOURCE = 2, /* DNAT member: look at the source */
};

struct addr_filter {
	__u8 class[FILTER_BITS / 4]; /* four hash values per byte */
};

/* One entry; written by the daemon, read per packet. */
struct globals {
	__u32 abi_version;
	__u32 fib_gen;		/* bumped by the daemon on route, neighbour and link events */
	__u32 heartbeat;	/* jiffies of the daemon's last sign of life; older than two
			  * seconds: the program ages its next hops by the clock */
	__u32 hz;		/* jiffies per second, measured by the daemon */
	__u32 hairpin_redirect; /* send a packet back out of its interface by redirect:
				 * veth delivers no XDP_TX to a peer without a program */
	__u32 reserved;
};

/* ---- counters ----------------------------------------------------------- */

/* Per CPU, per listener and per member; the reader adds up the CPUs. */
struct traffic {
	__u64 packets_in; /* from clients */
	__u64 bytes_in;
	__u64 packets_out; /* to clients */
	__u64 bytes_out;
};

/* Shared by all CPUs, touched when a connection changes state only. */
struct conn_count {
	__u64 total;	/* ever opened */
	__s64 active;	/* SYN_SENT to CLOSE_WAIT, UDP */
	__s64 inactive; /* TIME_WAIT, CLOSE */
	__u64 reserved;
};

/* ---- events to the daemon ---------------------------------------------- */

enum event_type {
	EVENT_FLOW_END = 1,
	EVENT_NO_NEIGHBOUR = 2,
};

enum end_reason {
	END_FIN = 1,
	END_RST = 2,
	END_IDLE = 3,
	END_CUT = 4,
	END_EVICTED = 5,
	END_REPLACED = 6,
};

struct event {
	__u32 type;   /* enum event_type */
	__u32 reason; /* enum end_reason */
	struct flow4_key client;
	struct flow4_key member;
	__u64 bytes_in;
	__u64 bytes_out;
	__u32 packets_in;
	__u32 packets_out;
	__u32 member_id;
	__u16 listener;
	__u16 pad;
	__be32 nexthop;
	__u32 ifindex;
};

/* The `expire` program's packet data: this header, then count entries. Each
 * connection is deleted whole and its SNAT port freed, unless (for END_IDLE) a
 * packet has come since the daemon looked. */
struct expire_request {
	__u32 count;  /* at most EXPIRE_BATCH */
	__u32 reason; /* enum end_reason */
};

struct expire_entry {
	struct flow4_key key; /* client side */
	__u32 last_seen;
	__u32 peer_last_seen;
};

#endif
