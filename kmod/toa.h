/* SPDX-License-Identifier: GPL-2.0 */
/*
 * toa.ko: shows the client address that a ClearNAT gateway put into a TCP option.
 *
 *   main.c    load and unload, in order and in reverse
 *   hooks.c   where the kernel is entered: ftrace, or kprobes where that is missing
 *   option.c  the option list
 *   trust.c   module parameters: trust, trust_any, kinds
 *   table.c   client addresses keyed by socket
 *   names.c   accept, getpeername and getsockopt 4096
 *   proc.c    /proc/net/toa, counters of each namespace
 *   compat/   kernel differences: probes make compat/build/config.h
 */
#ifndef CLEARNAT_TOA_H
#define CLEARNAT_TOA_H

#include <linux/in6.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#define TOA_VERSION   "0.1.0"
#define TOA_KINDS_MAX 8

/* A client's address; IPv4 is ::ffff:a.b.c.d. */
struct toa_client {
	struct in6_addr addr;
	__be16 port;
	u8 family; /* AF_INET or AF_INET6, as the option's length said */
};

/* ---- option.c ---- */

enum toa_verdict { TOA_NONE, TOA_MALFORMED, TOA_FOUND };

/* The first option of a wanted kind and good length among LENGTH bytes. */
enum toa_verdict toa_parse(const u8 *options, unsigned int length, const u8 *kinds,
			   struct toa_client *client);
#ifdef TOA_SELFTEST
int toa_parse_selftest(void);
#endif

/* ---- trust.c ---- */

int toa_trust_init(void);
void toa_trust_exit(void);
bool toa_trusted(const struct in6_addr *source);
/* TOA_KINDS_MAX bytes; 0 ends the list. */
const u8 *toa_kinds(void);
void toa_settings_show(struct seq_file *seq);

/* ---- table.c ---- */

int toa_table_init(void);
void toa_table_exit(void);
/* From any context; replaces what was there for SK. */
bool toa_table_set(const struct sock *sk, const struct toa_client *client);
bool toa_table_get(const struct sock *sk, struct toa_client *client);
void toa_table_forget(const struct sock *sk);
void toa_table_show(struct seq_file *seq);

/* ---- hooks.c ---- */

int toa_hooks_init(void);
void toa_hooks_exit(void);
void toa_hooks_show(struct seq_file *seq);

/* ---- names.c ---- */

int toa_names_init(void);
void toa_names_exit(void);
void toa_names_show(struct seq_file *seq);

/* ---- proc.c ---- */

/* seen = accepted + untrusted + malformed + no_memory */
enum toa_counter {
	TOA_SEEN,
	TOA_ACCEPTED,
	TOA_UNTRUSTED,
	TOA_MALFORMED_COUNT,
	TOA_V4,
	TOA_V6,
	TOA_NO_MEMORY,
	TOA_COUNTERS
};

int toa_proc_init(void);
void toa_proc_exit(void);
void toa_count(struct net *net, enum toa_counter counter);

#endif
