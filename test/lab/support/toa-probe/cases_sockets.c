// SPDX-License-Identifier: Apache-2.0
/* Ways for a connection to come about, and ways to ask for its peer. */
#include <errno.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "uring.h"

static const struct bytes toa4 = BYTES_INIT(TOA4(254));
static const struct bytes toa6 = BYTES_INIT(TOA6(254));

static void expect_client(int fd, struct peer accepted, const char *text)
{
	expect_peer("accept", accepted, text, CLIENT_PORT);
	expect_peer("getpeername", peer_of(fd), text, CLIENT_PORT);
	expect_toa(fd, text, CLIENT_PORT);
}

/* ---- handshakes ---- */

struct cookie_setup {
	enum listener listener;
	const char *source;
	const struct bytes *syn, *ack;
	const char *shown;
};

static void syn_cookies(const void *argument)
{
	const struct cookie_setup *setup = argument;
	int listening = listen_on(setup->listener), fd;
	struct client client = client_new(setup->source, port_of(listening));
	struct peer peer;

	sysctl_set("ipv4/tcp_syncookies", "2");
	client_connect(&client, setup->syn ? *setup->syn : NONE, *setup->ack);
	fd = accept_within(listening, &peer, 3000);
	sysctl_set("ipv4/tcp_syncookies", "1");
	expect_client(fd, peer, setup->shown);
	exchange(&client, fd, NONE);
	client_reset(&client);
}

/* The bare ACK is dropped: the first data makes the connection. */
static void deferred_accept(const void *argument)
{
	const struct bytes *ack_options = argument;
	int seconds = 5, listening = listen_on(DUAL), fd;
	struct pollfd wait = {.fd = listening, .events = POLLIN};
	struct client client = client_new(TRUSTED4, port_of(listening));
	struct peer peer;

	if (setsockopt(listening, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds)))
		fail_errno("TCP_DEFER_ACCEPT");
	client_connect(&client, NONE, *ack_options);
	if (poll(&wait, 1, 100) != 0)
		fail("accepted before the first data");
	client_send(&client, ACK | PSH, toa4, TEXT("hello"));
	fd = accept_within(listening, &peer, 3000);
	expect_client(fd, peer, CLIENT4);
	client_reset(&client);
}

/* The handshake's ACK was lost: the data that follows completes it. */
static void data_completes_handshake(const void *argument)
{
	uint8_t flags = *(const uint8_t *)argument;
	int listening = listen_on(V4), fd;
	struct client client = client_new(TRUSTED4, port_of(listening));
	struct peer peer;

	client_syn(&client, toa4, NONE);
	client_send(&client, flags, toa4, TEXT("hello"));
	fd = accept_within(listening, &peer, 3000);
	expect_client(fd, peer, CLIENT4);
	client_reset(&client);
}

/* The receiver reads the packet that makes the connection, not the SYN. */
static void option_in_syn_only(const void *argument)
{
	int listening = listen_on(V4), fd;
	struct client client = client_new(TRUSTED4, port_of(listening));
	struct peer peer;

	(void)argument;
	client_connect(&client, toa4, NONE);
	fd = accept_within(listening, &peer, 3000);
	expect_peer("accept", peer, TRUSTED4, client.source_port);
	expect_toa(fd, NULL, 0);
	client_reset(&client);
}

static int listen_fast_open(enum listener kind, const char *mode)
{
	int backlog = 16, fd = listen_on(kind);

	sysctl_set("ipv4/tcp_fastopen", mode);
	if (setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &backlog, sizeof(backlog)))
		fail_errno("TCP_FASTOPEN");
	return fd;
}

/* The connection is there, with its data, before the handshake ends. */
static void expect_fast_open(int listening, struct client *client, struct bytes options,
			     const char *shown)
{
	struct segment answer = client_syn(client, options, TEXT("early"));
	struct peer peer;
	char data[8];
	int fd;

	if (answer.ack != client->seq)
		fail("the SYN's data was not taken: Fast Open did not happen");
	fd = accept_within(listening, &peer, 3000);
	expect_client(fd, peer, shown);
	if (read(fd, data, sizeof(data)) != 5 || memcmp(data, "early", 5))
		fail("the early data is wrong");
	client_send(client, ACK, NONE, NONE);
	exchange(client, fd, NONE);
	expect_client(fd, peer_of(fd), shown);
	client_reset(client);
	close(fd);
}

static void fast_open(const void *argument)
{
	int v6 = *(const int *)argument == 6;
	int listening = listen_fast_open(DUAL, "515"); /* 0x203: no cookie wanted */
	struct client client = client_new(v6 ? TRUSTED6 : TRUSTED4, port_of(listening));

	expect_fast_open(listening, &client, v6 ? toa6 : toa4, v6 ? CLIENT6 : CLIENT4);
}

static void fast_open_cookie(const void *argument)
{
	int listening = listen_fast_open(V4, "3");
	struct client asking = client_new(TRUSTED4, port_of(listening));
	struct client client = client_new(TRUSTED4, port_of(listening));
	struct segment answer = client_syn(&asking, BYTES(34, 2), NONE);
	uint8_t options[36] = {TOA4(254)};
	size_t at = 0;

	(void)argument;
	while (at + 1 < answer.options_length && answer.options[at] != 34)
		at += answer.options[at] == 1 ? 1 : answer.options[at + 1];
	if (at + 1 >= answer.options_length)
		fail("no cookie in the SYN-ACK");
	memcpy(options + 8, answer.options + at, answer.options[at + 1]);
	client_reset(&asking);
	expect_fast_open(listening, &client, (struct bytes){options, 8 + answer.options[at + 1]},
			 CLIENT4);
}

/* ---- asking for the peer ---- */

/* accept sleeps before the client comes. */
static void blocking_accept(const void *argument)
{
	int listening = listen_on(V4), fd, status;
	struct client client = client_new(TRUSTED4, port_of(listening));
	struct sockaddr_storage storage = {};
	socklen_t length = sizeof(storage);
	pid_t pid;

	(void)argument;
	if (fcntl_block(listening))
		fail_errno("fcntl");
	pid = fork();
	if (pid == 0) {
		fd = accept(listening, (struct sockaddr *)&storage, &length);
		if (fd < 0)
			fail_errno("accept");
		expect_client(fd, peer_from(&storage), CLIENT4);
		_exit(0);
	}
	usleep(100000);
	client_connect(&client, NONE, toa4);
	if (waitpid(pid, &status, 0) < 0 || status)
		_exit(1);
	client_reset(&client);
}

static void accept_without_address(const void *argument)
{
	int listening = listen_on(DUAL), fd;
	struct client client = client_new(TRUSTED4, port_of(listening));
	struct sockaddr_storage storage;
	socklen_t length = 4;

	(void)argument;
	client_connect(&client, NONE, toa4);
	poll(&(struct pollfd){.fd = listening, .events = POLLIN}, 1, 3000);
	fd = accept(listening, NULL, NULL);
	if (fd < 0)
		fail_errno("accept");
	expect_client(fd, peer_of(fd), CLIENT4);
	memset(&storage, 0xee, sizeof(storage));
	if (getpeername(fd, (struct sockaddr *)&storage, &length))
		fail_errno("getpeername with a short buffer");
	if (length != sizeof(struct sockaddr_in6) || ((uint8_t *)&storage)[4] != 0xee)
		fail("short buffer: length %u, or written past its end", length);
	client_reset(&client);
}

static void io_uring_accept(const void *argument)
{
	int listening = listen_on(DUAL), fd;
	struct client client = client_new(TRUSTED4, port_of(listening));
	struct sockaddr_storage storage = {};
	socklen_t length = sizeof(storage);

	(void)argument;
	client_connect(&client, NONE, toa4);
	fd = uring_accept(listening, &storage, &length);
	expect_client(fd, peer_from(&storage), CLIENT4);
	client_reset(&client);
}

/* Buffers of every size: below 18 bytes it is not ours to answer. */
static void getsockopt_sizes(const void *argument)
{
	int listening = listen_on(V4), fd;
	struct client client = client_new(TRUSTED4, port_of(listening));
	struct in6_addr wanted = address(CLIENT6);
	uint8_t buffer[9000];
	struct peer peer;

	(void)argument;
	client_connect(&client, NONE, toa6);
	fd = accept_within(listening, &peer, 3000);
	for (socklen_t size = 0; size <= 64; size++) {
		socklen_t length = size;
		int result;

		memset(buffer, 0xee, sizeof(buffer));
		result = getsockopt(fd, IPPROTO_IP, 4096, buffer, &length);
		if (size < 18 && !result)
			fail("a buffer of %u bytes was accepted", size);
		if (size < 18)
			continue;
		if (result)
			fail_errno("a buffer of %u bytes was refused", size);
		if (length != (size < 20 ? 18 : 20) || buffer[length] != 0xee)
			fail("a buffer of %u bytes: length %u", size, length);
		if (memcmp(buffer, &wanted, 16) || buffer[16] != 0xc8 || buffer[17] != 0x22)
			fail("a buffer of %u bytes: wrong address", size);
	}
	client_reset(&client);
}

/* Calls that are not the receiver's answer as they do without one. */
static void other_socket_options(const void *argument)
{
	int listening = listen_on(V4), fd, pair[2];
	struct client client = client_new(TRUSTED4, port_of(listening));
	uint8_t with[9000] = {}, without[9000] = {};
	socklen_t length = sizeof(with), expected = sizeof(without);
	struct ucred credentials;
	struct peer peer;

	(void)argument;
	client_connect(&client, NONE, toa4);
	fd = accept_within(listening, &peer, 3000);
	if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, with, &length))
		fail_errno("TCP_CONGESTION with a buffer of over a page");
	errno = 0;
	if (!getsockopt(fd, IPPROTO_TCP, 9999, with + 4500, &(socklen_t){4500}) ||
	    errno != ENOPROTOOPT)
		fail_errno("an unknown option with a buffer of over a page");
	if (!getsockopt(fd, IPPROTO_IP, 4097, with + 4500, &(socklen_t){20}) ||
	    errno != ENOPROTOOPT)
		fail_errno("option 4097");
	if (!getsockopt(fd, IPPROTO_TCP, 4096, with + 4500, &(socklen_t){20}))
		fail("option 4096 of another level was answered");
	receiver_unload();
	if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, without, &expected))
		fail_errno("TCP_CONGESTION");
	if (length != expected || memcmp(with, without, expected))
		fail("TCP_CONGESTION: %u bytes with the receiver, %u without", length, expected);
	receiver_load(NULL);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		fail_errno("socketpair");
	length = sizeof(credentials);
	if (getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &credentials, &length) ||
	    credentials.pid != getpid())
		fail("SO_PEERCRED of a unix socket is wrong");
	if (!getsockopt(pair[0], IPPROTO_IP, 4096, with, &length))
		fail("option 4096 of a unix socket was answered");
	client_reset(&client);
}

/* Our own outgoing connections, UDP, and getsockname keep their addresses. */
static void other_names(const void *argument)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int listening = listen_on(V4), fd, tcp, udp;
	struct client client = client_new(TRUSTED4, port_of(listening));
	struct sockaddr_storage storage;
	socklen_t length = sizeof(storage);
	struct peer peer;

	(void)argument;
	client_connect(&client, NONE, toa4);
	fd = accept_within(listening, &peer, 3000);
	if (getsockname(fd, (struct sockaddr *)&storage, &length))
		fail_errno("getsockname");
	expect_peer("getsockname", peer_from(&storage), SERVER4, port_of(listening));
	local.sin_port = htons(port_of(listening));
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	if (connect(tcp, (struct sockaddr *)&local, sizeof(local)) ||
	    connect(udp, (struct sockaddr *)&local, sizeof(local)))
		fail_errno("connect");
	expect_peer("TCP client", peer_of(tcp), "127.0.0.1", port_of(listening));
	expect_peer("UDP", peer_of(udp), "127.0.0.1", port_of(listening));
	client_reset(&client);
}

/* A cgroup below the one that the receiver is attached to, as containers have. */
static void child_cgroup(const void *argument)
{
	char path[600], procs[700];
	int fd, listening;
	struct client client;
	struct peer peer;
	FILE *file;

	(void)argument;
	if (!receiver.cgroup)
		skip("only the eBPF receiver is tied to a cgroup");
	snprintf(path, sizeof(path), "%s/container", receiver.cgroup);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	mkdir(path, 0755);
	file = fopen(procs, "w");
	if (!file || fprintf(file, "%d", getpid()) < 0 || fclose(file))
		fail_errno("%s", procs);
	listening = listen_on(DUAL);
	client = client_new(TRUSTED4, port_of(listening));
	client_connect(&client, NONE, toa4);
	fd = accept_within(listening, &peer, 3000);
	expect_client(fd, peer, CLIENT4);
	client_reset(&client);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", receiver.cgroup);
	file = fopen(procs, "w");
	if (!file || fprintf(file, "%d", getpid()) < 0 || fclose(file) || rmdir(path))
		fail_errno("cannot leave %s", path);
}

static const uint8_t data_flags = ACK | PSH, fin_flags = ACK | PSH | FIN;
static const int family4 = 4, family6 = 6;
static const struct bytes no_options;

static const struct test_case cases[] = {
	{"syn-cookie-v4", syn_cookies,
	 &(const struct cookie_setup){V4, TRUSTED4, NULL, &toa4, CLIENT4}},
	{"syn-cookie-v6", syn_cookies,
	 &(const struct cookie_setup){V6, TRUSTED6, NULL, &toa6, CLIENT6}},
	{"syn-cookie-dual-stack", syn_cookies,
	 &(const struct cookie_setup){DUAL, TRUSTED4, NULL, &toa4, CLIENT4}},
	{"syn-cookie-nat64", syn_cookies,
	 &(const struct cookie_setup){DUAL, TRUSTED4, NULL, &toa6, CLIENT6}},
	{"syn-cookie-option-in-syn-too", syn_cookies,
	 &(const struct cookie_setup){V4, TRUSTED4, &toa4, &toa4, CLIENT4}},
	{"deferred-accept", deferred_accept, &toa4},
	{"deferred-accept-option-in-data", deferred_accept, &no_options},
	{"data-completes-handshake", data_completes_handshake, &data_flags},
	{"data-and-fin-complete-handshake", data_completes_handshake, &fin_flags},
	{"option-in-syn-only-is-not-read", option_in_syn_only, NULL},
	{"fast-open-v4", fast_open, &family4},
	{"fast-open-v6", fast_open, &family6},
	{"fast-open-cookie", fast_open_cookie, NULL},
	{"accept-blocking", blocking_accept, NULL},
	{"accept-without-address", accept_without_address, NULL},
	{"accept-io-uring", io_uring_accept, NULL},
	{"getsockopt-sizes", getsockopt_sizes, NULL},
	{"getsockopt-others-untouched", other_socket_options, NULL},
	{"names-of-others-untouched", other_names, NULL},
	{"socket-in-child-cgroup", child_cgroup, NULL},
};

const struct test_group socket_cases = {cases, sizeof(cases) / sizeof(cases[0])};
