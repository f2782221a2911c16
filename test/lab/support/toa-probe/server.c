// SPDX-License-Identifier: Apache-2.0
/* The sockets of a server, and what they say about their peers. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe.h"

enum { TOA_SOCKOPT = 4096 };

struct toa_peer {
	struct in6_addr address;
	uint16_t port; /* network order */
};

int listen_on(enum listener kind)
{
	int one = 1, only = kind == V6;
	int fd = socket(kind == V4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_storage any = {.ss_family = kind == V4 ? AF_INET : AF_INET6};
	socklen_t length = kind == V4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		fail_errno("socket");
	if (kind != V4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)))
		fail_errno("IPV6_V6ONLY");
	if (bind(fd, (struct sockaddr *)&any, length) || listen(fd, 128))
		fail_errno("listen");
	return fd;
}

struct peer peer_from(const struct sockaddr_storage *storage)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)storage;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)storage;
	struct peer peer = {.family = storage->ss_family};

	if (storage->ss_family == AF_INET) {
		peer.address.s6_addr[10] = peer.address.s6_addr[11] = 0xff;
		memcpy(peer.address.s6_addr + 12, &in4->sin_addr, 4);
		peer.port = ntohs(in4->sin_port);
	} else {
		peer.address = in6->sin6_addr;
		peer.port = ntohs(in6->sin6_port);
	}
	return peer;
}

uint16_t port_of(int fd)
{
	struct sockaddr_storage storage;
	socklen_t length = sizeof(storage);

	if (getsockname(fd, (struct sockaddr *)&storage, &length))
		fail_errno("getsockname");
	return peer_from(&storage).port;
}

int accept_within(int listening, struct peer *peer, int timeout_ms)
{
	struct pollfd wait = {.fd = listening, .events = POLLIN};
	struct sockaddr_storage storage;
	socklen_t length = sizeof(storage);
	int fd;

	if (poll(&wait, 1, timeout_ms) != 1)
		fail("no connection within %d ms", timeout_ms);
	fd = accept4(listening, (struct sockaddr *)&storage, &length, SOCK_CLOEXEC);
	if (fd < 0)
		fail_errno("accept4");
	*peer = peer_from(&storage);
	return fd;
}

struct peer peer_of(int fd)
{
	struct sockaddr_storage storage;
	socklen_t length = sizeof(storage);

	if (getpeername(fd, (struct sockaddr *)&storage, &length))
		fail_errno("getpeername");
	return peer_from(&storage);
}

bool toa_of(int fd, struct peer *peer)
{
	struct toa_peer answer;
	socklen_t length = sizeof(answer);

	if (getsockopt(fd, IPPROTO_IP, TOA_SOCKOPT, &answer, &length)) {
		if (errno != ENOPROTOOPT)
			fail_errno("getsockopt 4096");
		return false;
	}
	if (length != sizeof(answer))
		fail("getsockopt 4096: length %u", length);
	*peer = (struct peer){.address = answer.address, .port = ntohs(answer.port)};
	return true;
}

void expect_peer(const char *what, struct peer peer, const char *text, uint16_t port)
{
	struct in6_addr wanted = address(text);

	if (memcmp(&peer.address, &wanted, sizeof(wanted)) || peer.port != port)
		fail("%s: expected %s port %u, got %s port %u", what, address_text(&wanted), port,
		     address_text(&peer.address), peer.port);
}

void expect_toa(int fd, const char *text, uint16_t port)
{
	struct peer peer;
	bool there = toa_of(fd, &peer);

	if (!text && there)
		fail("getsockopt 4096: expected ENOPROTOOPT, got %s", address_text(&peer.address));
	if (text && !there)
		fail("getsockopt 4096: expected %s, got ENOPROTOOPT", text);
	if (text)
		expect_peer("getsockopt 4096", peer, text, port);
}

void exchange(struct client *client, int fd, struct bytes options)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	struct segment segment;
	char data[8];

	client_send(client, ACK | PSH, options, TEXT("ping"));
	if (poll(&wait, 1, 2000) != 1 || read(fd, data, sizeof(data)) != 4 ||
	    memcmp(data, "ping", 4))
		fail("the server did not read what the client sent");
	if (write(fd, "pong", 4) != 4)
		fail_errno("write");
	do {
		if (!client_receive(client, &segment, 2000))
			fail("the client did not get the answer");
	} while (segment.payload_length == 0);
	if (segment.payload_length != 4 || memcmp(segment.payload, "pong", 4))
		fail("the client got another answer");
	client_send(client, ACK, NONE, NONE);
}
