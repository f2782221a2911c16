// SPDX-License-Identifier: GPL-2.0
/* Before 4.17: getname stores the length. */
#include <net/sock.h>
#include <net/inet_common.h>
int probe(struct socket *sock, void *address, int *length);
int probe(struct socket *sock, void *address, int *length)
{
	return inet_getname(sock, address, length, 1);
}
