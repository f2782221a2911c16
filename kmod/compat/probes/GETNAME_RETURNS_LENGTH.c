// SPDX-License-Identifier: GPL-2.0
/* 4.17: getname returns the length. */
#include <net/sock.h>
#include <net/inet_common.h>
int probe(struct socket *sock, void *address);
int probe(struct socket *sock, void *address)
{
	return inet_getname(sock, address, 1);
}
