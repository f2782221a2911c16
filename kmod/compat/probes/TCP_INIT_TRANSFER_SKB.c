// SPDX-License-Identifier: GPL-2.0
/* 5.10: tcp_init_transfer is told the packet. */
#include <net/tcp.h>
void probe(struct sock *sk, struct sk_buff *skb);
void probe(struct sock *sk, struct sk_buff *skb)
{
	tcp_init_transfer(sk, 5, skb);
}
