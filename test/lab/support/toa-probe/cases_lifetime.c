// SPDX-License-Identifier: Apache-2.0
/* Loading, replacing and unloading the receiver while sockets live. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

static const struct bytes toa4 = BYTES_INIT(TOA4(254));

static int connect_with(struct client *client, int listening, struct bytes options,
			struct peer *peer)
{
	*client = client_new(TRUSTED4, port_of(listening));
	client_connect(client, NONE, options);
	return accept_within(listening, peer, 3000);
}

static void expect_own(int fd, const struct client *client)
{
	expect_peer("getpeername", peer_of(fd), TRUSTED4, client->source_port);
	expect_toa(fd, NULL, 0);
}

static void expect_client(int fd)
{
	expect_peer("getpeername", peer_of(fd), CLIENT4, CLIENT_PORT);
	expect_toa(fd, CLIENT4, CLIENT_PORT);
}

static void listening_before_load(const void *argument)
{
	enum listener kind = *(const enum listener *)argument;
	struct client client;
	struct peer peer;
	int listening, fd;

	receiver_unload();
	listening = listen_on(kind);
	receiver_load(NULL);
	fd = connect_with(&client, listening, toa4, &peer);
	expect_peer("accept", peer, CLIENT4, CLIENT_PORT);
	expect_client(fd);
	exchange(&client, fd, toa4);
	client_reset(&client);
}

static void connected_before_load(const void *argument)
{
	int listening = listen_on(V4), fd;
	struct client client;
	struct peer peer;

	(void)argument;
	receiver_unload();
	fd = connect_with(&client, listening, toa4, &peer);
	expect_peer("accept", peer, TRUSTED4, client.source_port);
	receiver_load(NULL);
	expect_own(fd, &client);
	exchange(&client, fd, toa4);
	expect_own(fd, &client);
	client_reset(&client);
}

/* SYN before the load, ACK after it; and the other way round. */
static void load_during_handshake(const void *argument)
{
	int listening = listen_on(V4), fd;
	struct client client;
	struct peer peer;

	(void)argument;
	receiver_unload();
	client = client_new(TRUSTED4, port_of(listening));
	client_syn(&client, toa4, NONE);
	receiver_load(NULL);
	client_send(&client, ACK, toa4, NONE);
	fd = accept_within(listening, &peer, 3000);
	expect_client(fd);
	client_reset(&client);
	client = client_new(TRUSTED4, port_of(listening));
	client_syn(&client, toa4, NONE);
	receiver_unload();
	client_send(&client, ACK, toa4, NONE);
	fd = accept_within(listening, &peer, 3000);
	expect_own(fd, &client);
	exchange(&client, fd, toa4);
	client_reset(&client);
}

static void update_keeps_addresses(const void *argument)
{
	static const char *const other[] = {"--trust", "192.0.2.0/24", NULL};
	int listening = listen_on(V4), fd;
	struct counters before;
	struct client client;
	struct peer peer;

	(void)argument;
	fd = connect_with(&client, listening, toa4, &peer);
	before = receiver_counters();
	if (!before.accepted)
		fail("nothing was counted");
	receiver_load(other);
	expect_counters(before, (struct counters){0});
	expect_client(fd);
	exchange(&client, fd, toa4);
	expect_client(fd);
	client_reset(&client);
	close(fd);
	fd = connect_with(&client, listening, toa4, &peer); /* the new list is in force */
	expect_own(fd, &client);
	expect_counters(before, (struct counters){.seen = 1, .untrusted = 1});
	client_reset(&client);
}

static void unload_keeps_connections(const void *argument)
{
	int listening = listen_on(V4), fd;
	struct client client;
	struct peer peer;

	(void)argument;
	fd = connect_with(&client, listening, toa4, &peer);
	expect_client(fd);
	receiver_unload();
	expect_own(fd, &client);
	exchange(&client, fd, toa4);
	receiver_load(NULL);
	expect_own(fd, &client);
	exchange(&client, fd, toa4);
	client_reset(&client);
}

static void trust_at_run_time(const void *argument)
{
	int listening = listen_on(V4), fd;
	struct client client;
	struct peer peer;

	(void)argument;
	receiver_trust("remove", TRUST4);
	fd = connect_with(&client, listening, toa4, &peer);
	expect_own(fd, &client);
	receiver_trust("add", TRUSTED4); /* one address */
	fd = connect_with(&client, listening, toa4, &peer);
	expect_client(fd);
	receiver_trust("remove", TRUSTED4 "/32");
	receiver_trust("add", "0.0.0.0/0");
	fd = connect_with(&client, listening, toa4, &peer);
	expect_client(fd);
	receiver_trust("remove", "0.0.0.0/0");
	receiver_trust("add", "::/0"); /* covers ::ffff:0:0/96 as well */
	fd = connect_with(&client, listening, toa4, &peer);
	expect_client(fd);
	client_reset(&client);
}

static void trust_any(const void *argument)
{
	static const char *const any[] = {"--trust-any", NULL};
	int listening = listen_on(DUAL), fd;
	struct client client;
	struct peer peer;

	(void)argument;
	receiver_load(any);
	client = client_new(STRANGER4, port_of(listening));
	client_connect(&client, NONE, toa4);
	fd = accept_within(listening, &peer, 3000);
	expect_client(fd);
	client_reset(&client);
	client = client_new(STRANGER6, port_of(listening));
	client_connect(&client, NONE, toa4);
	fd = accept_within(listening, &peer, 3000);
	expect_client(fd);
	client_reset(&client);
}

/* ---- under traffic ---- */

/* As many rounds as fit in the time: emulated machines are slow. */
enum { WORKERS = 3, ROUNDS = 200, ROUNDS_SECONDS = 20, BLOCK = 4096 };

/* Shared with the workers. */
struct traffic {
	int stop;
	int connections[WORKERS];
};

static void echo_server(int listening)
{
	char data[BLOCK];
	int fd;

	while ((fd = accept(listening, NULL, NULL)) >= 0 || errno == EAGAIN) {
		ssize_t size;

		if (fd < 0) {
			poll(&(struct pollfd){.fd = listening, .events = POLLIN}, 1, 1000);
			continue;
		}
		peer_of(fd);
		while ((size = read(fd, data, sizeof(data))) > 0)
			if (write(fd, data, size) != size)
				fail_errno("server: write");
		close(fd);
	}
	fail_errno("server: accept");
}

static void send_and_check(int fd)
{
	char out[BLOCK], in[BLOCK];
	size_t got = 0;
	ssize_t size;

	memset(out, getpid(), sizeof(out));
	if (write(fd, out, sizeof(out)) != sizeof(out))
		fail_errno("worker: write");
	while (got < sizeof(in) && (size = read(fd, in + got, sizeof(in) - got)) > 0)
		got += size;
	if (got != sizeof(in) || memcmp(in, out, sizeof(in)))
		fail_errno("worker: %zu bytes came back", got);
}

static void worker(uint16_t port, struct traffic *traffic, int index)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};

	while (!__atomic_load_n(&traffic->stop, __ATOMIC_RELAXED)) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
			fail_errno("worker: connect");
		expect_peer("worker", peer_of(fd), "127.0.0.1", port);
		send_and_check(fd);
		close(fd);
		traffic->connections[index]++;
	}
	_exit(0);
}

static void check_worker(pid_t pid, struct traffic *traffic, int index)
{
	int status;

	if (waitpid(pid, &status, 0) < 0 || status)
		_exit(1); /* it has said why */
	if (!traffic->connections[index])
		fail("worker %d made no connection", index);
}

/* One long connection with a client's address goes on meanwhile. */
static void toggle(void)
{
	time_t end = time(NULL) + ROUNDS_SECONDS;
	int listening = listen_on(DUAL), fd;
	struct client client, other;
	struct peer peer;
	int other_fd;

	fd = connect_with(&client, listening, toa4, &peer);
	for (int i = 0; i < ROUNDS && time(NULL) < end; i++) {
		receiver_unload();
		other_fd = connect_with(&other, listening, toa4, &peer);
		expect_own(other_fd, &other);
		exchange(&client, fd, toa4);
		receiver_load(NULL);
		exchange(&other, other_fd, toa4);
		client_reset(&other);
		close(other_fd);
		other_fd = connect_with(&other, listening, toa4, &peer);
		expect_client(other_fd);
		client_reset(&other);
		close(other_fd);
	}
	expect_own(fd, &client);
	client_reset(&client);
}

static void load_and_unload_under_traffic(const void *argument)
{
	struct traffic *traffic = mmap(NULL, sizeof(*traffic), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int listening = listen_on(DUAL);
	uint16_t port = port_of(listening);
	pid_t workers[WORKERS];

	(void)argument;
	for (int i = 0; i < WORKERS; i++) {
		if (fork() == 0)
			echo_server(listening);
		workers[i] = fork();
		if (workers[i] == 0)
			worker(port, traffic, i);
	}
	toggle();
	__atomic_store_n(&traffic->stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < WORKERS; i++)
		check_worker(workers[i], traffic, i);
}

/* An entry goes when its socket does. */
static void expect_no_entries(void)
{
	long entries = receiver_entries();

	for (int i = 0; i < 50 && entries > 0; i++) {
		usleep(100000);
		entries = receiver_entries();
	}
	if (entries > 0)
		fail("%ld addresses are kept for sockets that are gone", entries);
}

/* Nothing is left behind, however a connection ends. */
static void many_connections(const void *argument)
{
	struct counters before = receiver_counters();
	int listening = listen_on(DUAL);
	enum { MANY = 2000 };

	(void)argument;
	for (int i = 0; i < MANY; i++) {
		struct client client;
		struct peer peer;
		int fd = connect_with(&client, listening, toa4, &peer);

		expect_peer("accept", peer, CLIENT4, CLIENT_PORT);
		if (i % 4 == 0) {
			client_send(&client, FIN | ACK, NONE, NONE); /* LAST_ACK, then gone */
			close(fd);
			usleep(1000);
			client.ack++;
			client_send(&client, ACK, NONE, NONE);
			continue;
		}
		client_reset(&client);
		close(fd);
	}
	expect_counters(before, (struct counters){.seen = MANY, .accepted = MANY, .v4 = MANY});
	expect_no_entries();
}

/* Connections that nobody accepts end with their listener. */
static void never_accepted(const void *argument)
{
	int listening = listen_on(V4);
	struct client clients[50];

	(void)argument;
	for (int i = 0; i < 50; i++) {
		clients[i] = client_new(TRUSTED4, port_of(listening));
		client_connect(&clients[i], NONE, toa4);
	}
	if (receiver_entries() == 0)
		fail("no address was kept");
	close(listening);
	expect_no_entries();
	for (int i = 0; i < 50; i++)
		client_reset(&clients[i]);
}

static const enum listener v4 = V4, dual = DUAL;

static const struct test_case cases[] = {
	{"listening-before-load-v4", listening_before_load, &v4},
	{"listening-before-load-dual-stack", listening_before_load, &dual},
	{"connected-before-load", connected_before_load, NULL},
	{"load-during-handshake", load_during_handshake, NULL},
	{"update-keeps-addresses", update_keeps_addresses, NULL},
	{"unload-keeps-connections", unload_keeps_connections, NULL},
	{"trust-at-run-time", trust_at_run_time, NULL},
	{"trust-any", trust_any, NULL},
	{"load-and-unload-under-traffic", load_and_unload_under_traffic, NULL},
	{"many-connections", many_connections, NULL},
	{"never-accepted", never_accepted, NULL},
};

const struct test_group lifetime_cases = {cases, sizeof(cases) / sizeof(cases[0])};
