// SPDX-License-Identifier: GPL-2.0
/*
 * Where the module enters the kernel, besides getname:
 *
 *   tcp_child_process     a packet made a connection: its new socket and the packet
 *   tcp_init_transfer     the same for a Fast Open SYN, which makes one earlier; before
 *                         5.10 it is not told the packet: tcp_try_fastopen's return
 *   tcp_v4_destroy_sock   a socket ends (IPv6's goes through it as well)
 *
 * All of them are looked at on entry, with ftrace: unlike a kprobe it is not missed
 * when a softirq comes in the middle of another probe's handler. Kprobes serve where
 * the kernel has no ftrace with arguments.
 */
#include <linux/ftrace.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <net/tcp.h>

#include "toa.h"

enum { PASSIVE_ESTABLISHED = 5 }; /* BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB */

struct hook {
	const char *symbol;
	void (*enter)(unsigned long arg0, unsigned long arg1, unsigned long arg2);
	bool optional;
	bool hooked;
#ifdef TOA_FTRACE
	struct ftrace_ops ops;
#else
	struct kprobe kprobe;
#endif
};

/* ---- what happens on entry ---- */

/* The packet's source: the IP header is still in front of the TCP header. */
static bool source_of(const struct sk_buff *skb, struct in6_addr *source)
{
	if (skb->protocol == htons(ETH_P_IP)) {
		ipv6_addr_set(source, 0, 0, htonl(0xffff), ip_hdr(skb)->saddr);
		return true;
	}
	if (skb->protocol == htons(ETH_P_IPV6)) {
		*source = ipv6_hdr(skb)->saddr;
		return true;
	}
	return false;
}

static void learn(const struct sock *sk, const struct sk_buff *skb)
{
	const struct tcphdr *tcp = tcp_hdr(skb);
	struct toa_client client;
	struct in6_addr source;
	enum toa_verdict verdict;

	/* tcp_v4_rcv and tcp_v6_rcv made the whole header linear. */
	if (tcp->doff <= 5)
		return;
	verdict = toa_parse((const u8 *)(tcp + 1), tcp->doff * 4 - sizeof(*tcp), toa_kinds(),
			    &client);
	if (verdict == TOA_NONE)
		return;
	toa_count(sock_net(sk), TOA_SEEN);
	if (verdict == TOA_MALFORMED)
		toa_count(sock_net(sk), TOA_MALFORMED_COUNT);
	else if (!source_of(skb, &source) || !toa_trusted(&source))
		toa_count(sock_net(sk), TOA_UNTRUSTED);
	else if (!toa_table_set(sk, &client))
		toa_count(sock_net(sk), TOA_NO_MEMORY);
	else {
		toa_count(sock_net(sk), TOA_ACCEPTED);
		toa_count(sock_net(sk), client.family == AF_INET ? TOA_V4 : TOA_V6);
	}
}

/* int tcp_child_process(struct sock *parent, struct sock *child, struct sk_buff *skb) */
static void enter_child_process(unsigned long parent, unsigned long child, unsigned long skb)
{
	learn((const struct sock *)child, (const struct sk_buff *)skb);
}

#if defined(HAVE_TCP_INIT_TRANSFER_SKB) && !defined(TOA_KPROBES)
#define TOA_INIT_TRANSFER
#elif defined(HAVE_TCP_TRY_FASTOPEN_SOCK)
#define TOA_TRY_FASTOPEN
#endif

#ifdef TOA_INIT_TRANSFER
/* void tcp_init_transfer(struct sock *sk, int bpf_op, struct sk_buff *skb) */
static void enter_init_transfer(unsigned long sk, unsigned long bpf_op, unsigned long skb)
{
	const struct sk_buff *packet = (const struct sk_buff *)skb;

	if ((int)bpf_op != PASSIVE_ESTABLISHED || !packet)
		return;
	if (tcp_hdr(packet)->syn && !tcp_hdr(packet)->ack)
		learn((const struct sock *)sk, packet);
}
#endif

#ifdef TOA_TRY_FASTOPEN
/* struct sock *tcp_try_fastopen(struct sock *sk, struct sk_buff *skb, ...) */
static int enter_try_fastopen(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	*(const struct sk_buff **)instance->data = (const struct sk_buff *)toa_argument(regs, 1);
	return 0;
}

static int return_try_fastopen(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct sock *child = (const struct sock *)regs_return_value(regs);

	if (child)
		learn(child, *(const struct sk_buff **)instance->data);
	return 0;
}

static struct kretprobe try_fastopen = {
	.kp.symbol_name = "tcp_try_fastopen",
	.entry_handler = enter_try_fastopen,
	.handler = return_try_fastopen,
	.data_size = sizeof(struct sk_buff *),
};

static bool fastopen_hooked;

static void attach_fastopen(void)
{
	int err = register_kretprobe(&try_fastopen);

	fastopen_hooked = !err;
	if (err)
		pr_warn("cannot hook tcp_try_fastopen: error %d (Fast Open connections show the gateway)\n",
			err);
}

static void detach_fastopen(void)
{
	if (fastopen_hooked)
		unregister_kretprobe(&try_fastopen);
	fastopen_hooked = false;
}

static void show_fastopen(struct seq_file *seq)
{
	seq_printf(seq, "hook tcp_try_fastopen %s missed %d\n",
		   fastopen_hooked ? "kretprobe" : "absent", try_fastopen.nmissed);
}
#else
static void attach_fastopen(void)
{
}

static void detach_fastopen(void)
{
}

static void show_fastopen(struct seq_file *seq)
{
}
#endif

/* void tcp_v4_destroy_sock(struct sock *sk) */
static void enter_destroy(unsigned long sk, unsigned long unused1, unsigned long unused2)
{
	toa_table_forget((const struct sock *)sk);
}

/* Fails to compile when the functions' arguments change. Never called. */
static inline void check_signatures(struct sock *sk, struct sk_buff *skb)
{
	(void)sizeof(tcp_child_process(sk, sk, skb));
	(void)sizeof((tcp_v4_destroy_sock(sk), 0));
#ifdef TOA_INIT_TRANSFER
	(void)sizeof((tcp_init_transfer(sk, 0, skb), 0));
#endif
}

/* The order of loading: what frees entries before what makes them. */
static struct hook hooks[] = {
	{.symbol = "tcp_v4_destroy_sock", .enter = enter_destroy},
#ifdef TOA_INIT_TRANSFER
	{.symbol = "tcp_init_transfer", .enter = enter_init_transfer, .optional = true},
#endif
	{.symbol = "tcp_child_process", .enter = enter_child_process},
};

/* ---- ftrace, or kprobes ---- */

#ifdef TOA_FTRACE
static void notrace traced(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			   toa_ftrace_regs_t *regs)
{
	const struct hook *hook = container_of(ops, struct hook, ops);

	hook->enter(toa_ftrace_argument(regs, 0), toa_ftrace_argument(regs, 1),
		    toa_ftrace_argument(regs, 2));
}

static int attach(struct hook *hook)
{
	int err;

	hook->ops.func = traced;
	hook->ops.flags = TOA_FTRACE_FLAGS;
	err = ftrace_set_filter(&hook->ops, (unsigned char *)hook->symbol, strlen(hook->symbol), 1);
	if (err)
		return err;
	return register_ftrace_function(&hook->ops);
}

static void detach(struct hook *hook)
{
	unregister_ftrace_function(&hook->ops);
	ftrace_set_filter(&hook->ops, NULL, 0, 1); /* frees the filter */
}

static unsigned long missed(const struct hook *hook)
{
	return 0;
}
#else
static int probed(struct kprobe *kprobe, struct pt_regs *regs)
{
	const struct hook *hook = container_of(kprobe, struct hook, kprobe);

	hook->enter(toa_argument(regs, 0), toa_argument(regs, 1), toa_argument(regs, 2));
	return 0;
}

static int attach(struct hook *hook)
{
	hook->kprobe.symbol_name = hook->symbol;
	hook->kprobe.pre_handler = probed;
	return register_kprobe(&hook->kprobe);
}

static void detach(struct hook *hook)
{
	unregister_kprobe(&hook->kprobe);
	hook->kprobe.addr = NULL;
}

static unsigned long missed(const struct hook *hook)
{
	return hook->kprobe.nmissed;
}
#endif

void toa_hooks_show(struct seq_file *seq)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		seq_printf(seq, "hook %s %s missed %lu\n", hooks[i].symbol,
			   hooks[i].hooked ? TOA_HOOK_NAME : "absent", missed(&hooks[i]));
	show_fastopen(seq);
}

int toa_hooks_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		int err = attach(&hooks[i]);

		hooks[i].hooked = !err;
		if (!err)
			continue;
		pr_warn("cannot hook %s: error %d%s\n", hooks[i].symbol, err,
			hooks[i].optional ? " (Fast Open connections show the gateway)" : "");
		if (hooks[i].optional)
			continue;
		toa_hooks_exit();
		return err;
	}
	attach_fastopen();
	return 0;
}

void toa_hooks_exit(void)
{
	unsigned int i = ARRAY_SIZE(hooks);

	detach_fastopen();
	while (i--) {
		if (hooks[i].hooked)
			detach(&hooks[i]);
		hooks[i].hooked = false;
	}
}
