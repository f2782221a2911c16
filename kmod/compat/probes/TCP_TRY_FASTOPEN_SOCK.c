// SPDX-License-Identifier: GPL-2.0
/* 4.4: tcp_try_fastopen returns the new socket. */
#include <net/tcp.h>
struct sock *probe(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
		   struct tcp_fastopen_cookie *foc, struct dst_entry *dst);
struct sock *probe(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
		   struct tcp_fastopen_cookie *foc, struct dst_entry *dst)
{
	return tcp_try_fastopen(sk, skb, req, foc, dst);
}
