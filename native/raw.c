// SPDX-License-Identifier: Apache-2.0
/* Whole packets, for resets towards the ends of a connection that was cut. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clearnat.h"

struct senders {
	int fd4; /* -1 = not open yet */
	int fd6;
};

static int open_sender(int family)
{
	int one = 1;
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);

	if (fd >= 0 && family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_HDRINCL, &one, sizeof(one));
	return fd;
}

/* Destination of a packet; 0 when it is not one. */
static int address_of(const struct cn_packet *packet, struct cn_address *to)
{
	const uint8_t *bytes = packet->data;

	if (packet->len >= sizeof(struct ip) && bytes[0] >> 4 == 4) {
		*to = (struct cn_address){.family = AF_INET, .len = 4};
		memcpy(to->bytes, bytes + offsetof(struct ip, ip_dst), 4);
	} else if (packet->len >= sizeof(struct ip6_hdr) && bytes[0] >> 4 == 6) {
		*to = (struct cn_address){.family = AF_INET6, .len = 16};
		memcpy(to->bytes, bytes + offsetof(struct ip6_hdr, ip6_dst), 16);
	} else {
		return 0;
	}
	return to->family;
}

/* 1 = sent, 0 = refused by the kernel, negative = no socket. */
static int send_one(struct senders *senders, const struct cn_packet *packet)
{
	struct sockaddr_storage to;
	struct cn_address address;
	socklen_t len;
	int *fd;

	if (!address_of(packet, &address))
		return 0;
	fd = address.family == AF_INET ? &senders->fd4 : &senders->fd6;
	if (*fd < 0)
		*fd = open_sender(address.family);
	if (*fd < 0)
		return -errno;
	len = cn_address_to_sockaddr(&address, 0, &to);
	return sendto(*fd, packet->data, packet->len, 0, (struct sockaddr *)&to, len) >= 0;
}

int cn_send_raw(const struct cn_packet *packets, uint32_t count, struct cn_error *e)
{
	struct senders senders = {.fd4 = -1, .fd6 = -1};
	int sent = 0, ret = 0;
	uint32_t i;

	for (i = 0; i < count && ret >= 0; i++) {
		ret = send_one(&senders, &packets[i]);
		if (ret > 0)
			sent++;
	}
	if (senders.fd4 >= 0)
		close(senders.fd4);
	if (senders.fd6 >= 0)
		close(senders.fd6);
	return ret < 0 ? cn_fail(e, ret, "socket", "SOCK_RAW") : sent;
}
