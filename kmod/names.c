// SPDX-License-Identifier: GPL-2.0
/*
 * What applications are told. inet_getname and inet6_getname run as they are; when
 * they return, the peer's address is replaced (accept, accept4, getpeername and
 * io_uring all call them). getsockopt 4096 is a registered netfilter option.
 */
#include <linux/in.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/netfilter.h>
#include <linux/ptrace.h>
#include <linux/uaccess.h>
#include <net/sock.h>
#include <net/inet_common.h>
#include <net/ipv6.h>

#include "toa.h"

enum { TOA_SOCKOPT = 4096, SOCKOPT_LENGTH = 18 };

/* What getsockopt 4096 fills in, as dpvs's module and its users have it. */
struct toa_peer {
	struct in6_addr addr;
	__be16 port; /* network order: users call ntohs */
	u16 pad;
};

/* From a getname's entry to its return. */
struct call {
	struct sockaddr *address;
	struct toa_client client;
};

/* Non-zero: this return is not of interest. */
static int enter_getname(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct socket *sock = (const struct socket *)toa_argument(regs, 0);
	struct call *call = (struct call *)instance->data;

	if (!toa_argument(regs, TOA_GETNAME_PEER) || !sock->sk)
		return 1;
	call->address = (struct sockaddr *)toa_argument(regs, 1);
	return !toa_table_get(sock->sk, &call->client);
}

/* An IPv6 client does not fit here: the packet's own address stays. */
static int return_getname4(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct call *call = (const struct call *)instance->data;
	struct sockaddr_in *in = (struct sockaddr_in *)call->address;

	if ((int)regs_return_value(regs) < 0 || call->client.family != AF_INET)
		return 0;
	memcpy(&in->sin_addr, call->client.addr.s6_addr + 12, 4);
	in->sin_port = call->client.port;
	return 0;
}

static int return_getname6(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct call *call = (const struct call *)instance->data;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)call->address;

	if ((int)regs_return_value(regs) < 0 || in6->sin6_family != AF_INET6)
		return 0;
	in6->sin6_addr = call->client.addr;
	in6->sin6_port = call->client.port;
	return 0;
}

static struct kretprobe getname4 = {
	.kp.symbol_name = "inet_getname",
	.entry_handler = enter_getname,
	.handler = return_getname4,
	.data_size = sizeof(struct call),
};

static struct kretprobe getname6 = {
	.kp.symbol_name = "inet6_getname",
	.entry_handler = enter_getname,
	.handler = return_getname6,
	.data_size = sizeof(struct call),
};

static bool hooked6;

/* As many as may be within getname at once; only sockets with a client count. */
static int attach(struct kretprobe *probe)
{
	probe->maxactive = max_t(int, 512, 32 * num_possible_cpus());
	return register_kretprobe(probe);
}

static unsigned long missed(const struct kretprobe *probe)
{
	return probe->nmissed + probe->kp.nmissed;
}

void toa_names_show(struct seq_file *seq)
{
	seq_printf(seq, "hook inet_getname kretprobe missed %lu\n", missed(&getname4));
	seq_printf(seq, "hook inet6_getname %s missed %lu\n", hooked6 ? "kretprobe" : "absent",
		   missed(&getname6));
}

/* ---- getsockopt(fd, IPPROTO_IP, 4096) ---- */

#ifdef CONFIG_NETFILTER
static int get_peer(struct sock *sk, int option, void __user *user, int *length)
{
	struct toa_peer peer = {.pad = 0};
	struct toa_client client;

	if (sk->sk_protocol != IPPROTO_TCP || !toa_table_get(sk, &client))
		return -ENOPROTOOPT;
	if (*length < SOCKOPT_LENGTH)
		return -EINVAL;
	peer.addr = client.addr;
	peer.port = client.port;
	*length = *length < (int)sizeof(peer) ? SOCKOPT_LENGTH : (int)sizeof(peer);
	return copy_to_user(user, &peer, *length) ? -EFAULT : 0;
}

static struct nf_sockopt_ops sockopt = {
	.pf = PF_INET,
	.get_optmin = TOA_SOCKOPT,
	.get_optmax = TOA_SOCKOPT + 1,
	.get = get_peer,
	.owner = THIS_MODULE,
};

static int register_sockopt(void)
{
	int err = nf_register_sockopt(&sockopt);

	if (err)
		pr_err("getsockopt 4096 is taken (error %d): is another toa module loaded?\n", err);
	return err;
}

static void unregister_sockopt(void)
{
	nf_unregister_sockopt(&sockopt);
}
#else
static int register_sockopt(void)
{
	pr_warn("no getsockopt 4096: the kernel was built without CONFIG_NETFILTER\n");
	return 0;
}

static void unregister_sockopt(void)
{
}
#endif

int toa_names_init(void)
{
	int err = register_sockopt();

	if (err)
		return err;
	err = attach(&getname4);
	if (err) {
		pr_err("cannot hook inet_getname: error %d\n", err);
		goto err_sockopt;
	}
	hooked6 = !attach(&getname6);
	if (!hooked6)
		pr_warn("no inet6_getname (is IPv6 loaded?): IPv6 sockets show the gateway\n");
	return 0;

err_sockopt:
	unregister_sockopt();
	return err;
}

void toa_names_exit(void)
{
	if (hooked6)
		unregister_kretprobe(&getname6);
	unregister_kretprobe(&getname4);
	unregister_sockopt();
}
