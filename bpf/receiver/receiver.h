/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the receiver's programs and toactl share: map layouts and the read-only
 * settings. Pinned maps outlive a toactl, so a changed layout needs a new
 * RECEIVER_ABI; toactl refuses to take over maps of another one.
 */
#ifndef CLEARNAT_RECEIVER_H
#define CLEARNAT_RECEIVER_H

#include <linux/types.h>

#define RECEIVER_ABI 1

enum receiver_limit {
	TOA_KINDS_MAX = 8,     /* kinds looked for at once */
	TOA_LEN_V4 = 8,	       /* kind, len, port, IPv4 address */
	TOA_LEN_V6 = 20,       /* kind, len, port, IPv6 address */
	TOA_TRUST_MAX = 16384, /* entries of the trust list */
	TOA_SOCKOPT = 4096,    /* getsockopt(fd, IPPROTO_IP, 4096, ...) */
	TOA_SOCKOPT_LEN = 18,  /* the bytes of struct toa_peer that mean something */
	TOA_CGROUP_PATH = 1024,
};

/* A client's address, kept with its socket. IPv4 is held as ::ffff:a.b.c.d. */
struct toa_client {
	__be32 addr[4];
	__be16 port;
	__u8 family; /* 4 or 6: the length of the option said so */
	__u8 kind;
};

/* What getsockopt 4096 returns: the layout of dpvs's struct toa_nat64_peer.
 * The port is in network byte order, as its users expect (they call ntohs). */
struct toa_peer {
	__be32 addr[4];
	__be16 port;
	__u16 pad;
};

/* Key of the trust list: IPv4 prefixes are ::ffff:a.b.c.d with prefixlen + 96. */
struct toa_trust_key {
	__u32 prefixlen;
	__be32 addr[4];
};

/* Per CPU; one count per connection. seen = accepted + untrusted + malformed + no_memory. */
struct toa_counters {
	__u64 seen;	 /* an option of a wanted kind, or a broken option list */
	__u64 accepted;	 /* the socket now shows the client */
	__u64 untrusted; /* a good option from a source that is not trusted */
	__u64 malformed; /* wrong length, truncated, past the header's end */
	__u64 v4;	 /* accepted with an IPv4 client */
	__u64 v6;	 /* accepted with an IPv6 client */
	__u64 no_memory; /* accepted, but the address could not be stored */
	__u64 zero;	 /* never written: a number that the verifier cannot know */
};

/* Read-only data of the programs, set before load. */
struct toa_settings {
	__u32 abi;
	__u32 trust_any;
	__u8 kinds[TOA_KINDS_MAX]; /* 0 ends the list; see DEFAULT_KINDS in toactl */
	char version[16];
	char cgroup[TOA_CGROUP_PATH]; /* where the programs are attached, for status */
};

#endif
