// SPDX-License-Identifier: Apache-2.0
/*
 * ICMP echo over one socket per address family. A ping socket
 * (SOCK_DGRAM, IPPROTO_ICMP) needs no privilege where net.ipv4.ping_group_range
 * allows it; elsewhere a raw socket is used. A request is told from others by
 * sequence number, address and a random cookie in its payload; what routers
 * and hosts answer instead (unreachable, ...) comes by the socket's error queue.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine.h"

#define SEQUENCES	65536
#define READS_PER_EVENT 512
#define SOCKET_BUFFER	(1 << 20)

/* Both versions start alike: type, code, checksum, identifier, sequence. */
struct echo {
	uint8_t type;
	uint8_t code;
	uint16_t checksum;
	uint16_t id;	   /* network order; the kernel's choice on a ping socket */
	uint16_t sequence; /* network order */
	uint64_t cookie;
};

#define ECHO_HEADER offsetof(struct echo, cookie)

struct ping {
	struct cn_wait wait;
	struct cn_pinger *pinger;
	struct cn_address address;
	uint16_t sequence;
	uint64_t cookie;
	uint64_t start;
	cn_done_fn done;
	void *arg;
};

struct cn_pinger {
	struct cn_source source;
	int family;
	bool raw;
	uint16_t id; /* network order; raw sockets only */
	uint16_t next;
	struct ping *pings[SEQUENCES];
};

static void finish(struct cn_engine *engine, struct ping *ping, int err)
{
	double micros = (double)(cn_now() - ping->start) / 1000;
	cn_done_fn done = ping->done;
	void *arg = ping->arg;

	cn_deadlines_remove(&engine->deadlines, &ping->wait);
	ping->pinger->pings[ping->sequence] = NULL;
	free(ping);
	done(arg, err, "ping", micros);
}

static void expired(struct cn_engine *engine, struct cn_wait *wait, int err)
{
	finish(engine, cn_container_of(wait, struct ping, wait), err);
}

/* ---- receiving ---------------------------------------------------------------- */

static bool same_address(const struct ping *ping, const struct sockaddr_storage *other)
{
	if (other->ss_family != ping->address.family)
		return false;
	if (other->ss_family == AF_INET)
		return !memcmp(&((const struct sockaddr_in *)other)->sin_addr, ping->address.bytes,
			       4);
	return !memcmp(&((const struct sockaddr_in6 *)other)->sin6_addr, ping->address.bytes, 16);
}

/* The request that a message belongs to, or NULL. */
static struct ping *find(const struct cn_pinger *pinger, const struct echo *echo,
			 const struct sockaddr_storage *peer)
{
	struct ping *ping = pinger->pings[ntohs(echo->sequence)];

	if (!ping || !same_address(ping, peer) || (pinger->raw && echo->id != pinger->id))
		return NULL;
	return ping;
}

/* Bytes of an IP header before the ICMP one. Raw IPv4 sockets deliver it, and
 * raw IPv6 error queues have it; its version is no ICMP echo type. */
static size_t ip_header_len(const uint8_t *data, size_t len)
{
	if (len >= 20 && data[0] >> 4 == 4)
		return (size_t)(data[0] & 15) * 4;
	return len >= 40 && data[0] >> 4 == 6 ? 40 : 0;
}

/* False when the socket has nothing more. */
static bool read_reply(struct cn_engine *engine, struct cn_pinger *pinger)
{
	const uint8_t reply = pinger->family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	struct echo echo;
	uint8_t data[256];
	struct ping *ping;
	ssize_t len;
	size_t skip;

	len = recvfrom(pinger->source.fd, data, sizeof(data), 0, (struct sockaddr *)&from,
		       &from_len);
	if (len < 0) /* else an error that the queue holds, too */
		return errno != EAGAIN;
	skip = pinger->raw ? ip_header_len(data, (size_t)len) : 0;
	if ((size_t)len < skip + sizeof(echo))
		return true;
	memcpy(&echo, data + skip, sizeof(echo));
	ping = echo.type == reply ? find(pinger, &echo, &from) : NULL;
	if (ping && ping->cookie == echo.cookie)
		finish(engine, ping, 0);
	return true;
}

static int queued_error(struct msghdr *msg)
{
	const struct sock_extended_err *err;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
			err = (const struct sock_extended_err *)CMSG_DATA(c);
			return (int)err->ee_errno;
		}
	}
	return 0;
}

/* The request comes back with what became of it. */
static bool read_error(struct cn_engine *engine, struct cn_pinger *pinger)
{
	uint8_t data[256], control[512] __attribute__((aligned(8)));
	struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
	struct sockaddr_storage to;
	struct msghdr msg = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(pinger->source.fd, &msg, MSG_ERRQUEUE);
	struct echo echo = {0};
	struct ping *ping;
	size_t skip;
	int err;

	if (len < 0)
		return false;
	skip = ip_header_len(data, (size_t)len);
	if ((size_t)len < skip + ECHO_HEADER)
		return true;
	memcpy(&echo, data + skip, ECHO_HEADER);
	err = queued_error(&msg);
	ping = find(pinger, &echo, &to);
	if (ping && err)
		finish(engine, ping, err);
	return true;
}

static void ready(struct cn_engine *engine, struct cn_source *source, uint32_t events)
{
	struct cn_pinger *pinger = cn_container_of(source, struct cn_pinger, source);
	int left = READS_PER_EVENT;

	if (events & EPOLLERR)
		while (left-- && read_error(engine, pinger))
			;
	while (left-- > 0 && read_reply(engine, pinger))
		;
}

/* ---- sending ------------------------------------------------------------------- */

/* A raw socket would see every ICMP message of the host. */
static void only_replies(int fd, int family)
{
	struct icmp6_filter filter6;
	uint32_t filter4 = ~(1U << ICMP_ECHOREPLY);

	ICMP6_FILTER_SETBLOCKALL(&filter6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter6);
	if (family == AF_INET)
		setsockopt(fd, SOL_RAW, 1 /* ICMP_FILTER */, &filter4, sizeof(filter4));
	else
		setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof(filter6));
}

static int open_socket(struct cn_pinger *pinger)
{
	const int protocol = pinger->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	int size = SOCKET_BUFFER, one = 1;
	int fd = socket(pinger->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	if (fd < 0 && (errno == EACCES || errno == EPERM || errno == EPROTONOSUPPORT)) {
		pinger->raw = true;
		fd = socket(pinger->family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	}
	if (fd < 0)
		return -errno;
	if (pinger->raw)
		only_replies(fd, pinger->family);
	if (pinger->family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof(one));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return fd;
}

static struct cn_pinger *pinger_new(struct cn_engine *engine, int family, struct cn_error *e)
{
	struct cn_pinger *pinger = calloc(1, sizeof(*pinger));
	const char *what = "socket";
	int err;

	if (!pinger) {
		cn_fail(e, ENOMEM, "malloc", "pinger");
		return NULL;
	}
	pinger->family = family;
	pinger->source.ready = ready;
	pinger->source.fd = open_socket(pinger);
	err = pinger->source.fd;
	if (err < 0)
		goto err_free;
	what = "getrandom";
	err = getrandom(&pinger->id, sizeof(pinger->id), 0) < 0 ? -errno : 0;
	if (!err) {
		what = "epoll_ctl";
		err = cn_engine_watch(engine, &pinger->source, EPOLLIN);
	}
	if (!err)
		return pinger;
	close(pinger->source.fd);

err_free:
	free(pinger);
	cn_fail(e, err, what, "ping socket");
	return NULL;
}

void cn_pinger_free(struct cn_pinger *pinger)
{
	if (!pinger)
		return;
	close(pinger->source.fd);
	free(pinger);
}

static uint16_t checksum(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	sum = (sum >> 16) + (sum & 0xffff);
	return htons((uint16_t) ~(sum + (sum >> 16)));
}

static int send_echo(const struct cn_pinger *pinger, const struct ping *ping)
{
	struct echo echo = {
		.type = pinger->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST,
		.id = pinger->id,
		.sequence = htons(ping->sequence),
		.cookie = ping->cookie,
	};
	struct sockaddr_storage to;
	socklen_t len = cn_address_to_sockaddr(&ping->address, 0, &to);
	int tries = 4;

	/* The kernel does it for ping sockets and for ICMPv6. */
	if (pinger->family == AF_INET)
		echo.checksum = checksum(&echo, sizeof(echo));
	/* An error left by an earlier request may be returned first. */
	while (tries--)
		if (sendto(pinger->source.fd, &echo, sizeof(echo), 0, (struct sockaddr *)&to,
			   len) >= 0)
			return 0;
	return -errno;
}

static int take_sequence(struct cn_pinger *pinger, struct ping *ping)
{
	int tries = SEQUENCES;

	while (tries-- && pinger->pings[pinger->next])
		pinger->next++;
	if (pinger->pings[pinger->next])
		return -EAGAIN;
	ping->sequence = pinger->next++;
	pinger->pings[ping->sequence] = ping;
	return 0;
}

static struct cn_pinger *get_pinger(struct cn_engine *engine, int family, struct cn_error *e)
{
	struct cn_pinger **pinger = &engine->pingers[family == AF_INET6];

	if (!*pinger)
		*pinger = pinger_new(engine, family, e);
	return *pinger;
}

int cn_ping(struct cn_engine *engine, const struct cn_address *address, uint32_t timeout_ms,
	    cn_done_fn done, void *arg, struct cn_error *e)
{
	struct cn_pinger *pinger = get_pinger(engine, address->family, e);
	char text[CN_ADDRESS_LEN];
	struct ping *ping;
	int err;

	if (!pinger)
		return -e->err;
	ping = malloc(sizeof(*ping));
	if (!ping)
		return cn_fail(e, ENOMEM, "malloc", "ping");
	*ping = (struct ping){.wait = {.expired = expired},
			      .pinger = pinger,
			      .address = *address,
			      .start = cn_now(),
			      .done = done,
			      .arg = arg};
	ping->wait.deadline = ping->start + (uint64_t)timeout_ms * 1000000;
	err = getrandom(&ping->cookie, sizeof(ping->cookie), 0) < 0 ? -errno : 0;
	if (!err)
		err = take_sequence(pinger, ping);
	if (err)
		goto err_free;
	err = send_echo(pinger, ping);
	if (err)
		goto err_sequence;
	err = cn_deadlines_add(&engine->deadlines, &ping->wait);
	if (err)
		goto err_sequence;
	return 0;

err_sequence:
	pinger->pings[ping->sequence] = NULL;
err_free:
	free(ping);
	cn_address_format(address->family, address->bytes, text);
	return cn_fail(e, err, "ping", "%s", text);
}
