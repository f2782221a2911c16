// SPDX-License-Identifier: Apache-2.0
/* What is read from the option list: families, kinds, places, malformed lists. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

enum { TRUSTED, STRANGER };

/* What the server shall be told. OWN is the packet's own source. */
enum shown { OWN, CLIENT_V4, CLIENT_V6 };

struct connection {
	enum listener listener;
	int wire; /* 4 or 6: the packets' family */
	int source;
	struct bytes options;  /* of the ACK that completes the handshake */
	enum shown shown, toa; /* by accept and getpeername; by getsockopt 4096 (OWN: refused) */
	struct counters change;
};

#define ACCEPTED4                                 \
	{                                         \
		.seen = 1, .accepted = 1, .v4 = 1 \
	}
#define ACCEPTED6                                 \
	{                                         \
		.seen = 1, .accepted = 1, .v6 = 1 \
	}
#define UNTRUSTED                         \
	{                                 \
		.seen = 1, .untrusted = 1 \
	}
#define MALFORMED                         \
	{                                 \
		.seen = 1, .malformed = 1 \
	}
#define NOT_SEEN          \
	{                 \
		.seen = 0 \
	}

static const char *source_of(int wire, int source)
{
	if (wire == 4)
		return source == TRUSTED ? TRUSTED4 : STRANGER4;
	return source == TRUSTED ? TRUSTED6 : STRANGER6;
}

static void check_shown(int fd, struct peer accepted, const struct client *client,
			const struct connection *c)
{
	const char *text = c->shown == CLIENT_V4 ? CLIENT4 : CLIENT6;
	uint16_t port = CLIENT_PORT;

	if (c->shown == OWN) {
		text = source_of(c->wire, c->source);
		port = client->source_port;
	}
	expect_peer("accept", accepted, text, port);
	expect_peer("getpeername", peer_of(fd), text, port);
	if (accepted.family != (c->listener == V4 ? AF_INET : AF_INET6))
		fail("accept: address family %d", accepted.family);
	if (c->toa == OWN)
		expect_toa(fd, NULL, 0);
	else
		expect_toa(fd, c->toa == CLIENT_V4 ? CLIENT4 : CLIENT6, CLIENT_PORT);
}

/* The rules once more, written for clarity: what OPTIONS must lead to. */
static enum shown model(const uint8_t *options, size_t length)
{
	for (size_t at = 0; at < length && options[at] != 0;) {
		uint8_t kind = options[at], size = 1;

		if (kind != 1) {
			size = at + 1 < length ? options[at + 1] : 0;
			if (size < 2 || at + size > length)
				return OWN;
			if (kind == 254 || kind == 200 || kind == 253 || kind == 28) {
				if (size == 8)
					return CLIENT_V4;
				if (size == 20)
					return CLIENT_V6;
			}
		}
		at += size;
	}
	return OWN;
}

/* Whether a list cannot be walked to its end. */
static bool is_broken(const uint8_t *options, size_t length)
{
	size_t at = 0, size = 1;

	for (; at < length && options[at] != 0; at += size) {
		size = options[at] == 1 ? 1 : at + 1 < length ? options[at + 1] : 0;
		if (size == 0 || (size == 1 && options[at] != 1))
			return true;
	}
	return at > length;
}

/*
 * Linux 6.7 and newer (with TCP_MD5SIG or TCP_AO) drops a segment whose list cannot
 * be walked. Then the client's next ACK, without options, makes the connection.
 * Returns whether the kernel did.
 */
static bool dropped_by_kernel(struct client *client, int listening, struct bytes options)
{
	struct pollfd wait = {.fd = listening, .events = POLLIN};

	if (!is_broken(options.data, options.length) || poll(&wait, 1, 100) == 1)
		return false;
	client_send(client, ACK, NONE, NONE);
	return true;
}

/* One connection to LISTENING: handshake, addresses, data both ways, RST.
 * Returns false when the receiver did not get to see the options. */
static bool connect_once(int listening, const struct connection *c)
{
	struct client client = client_new(source_of(c->wire, c->source), port_of(listening));
	struct peer peer;
	bool dropped;
	int fd;

	client_connect(&client, NONE, c->options);
	dropped = dropped_by_kernel(&client, listening, c->options);
	fd = accept_within(listening, &peer, 3000);
	check_shown(fd, peer, &client, c);
	exchange(&client, fd, NONE);
	check_shown(fd, peer_of(fd), &client, c);
	client_reset(&client);
	close(fd);
	return !dropped;
}

static void run_connection(const void *argument)
{
	const struct connection *c = argument;
	struct counters before = receiver_counters();

	if (connect_once(listen_on(c->listener), c))
		expect_counters(before, c->change);
	else
		expect_counters(before, (struct counters)NOT_SEEN);
}

/* ---- kinds chosen at load ---- */

static const struct connection kind_254_now = {V4,  4,	 TRUSTED, BYTES_INIT(TOA4(254)),
					       OWN, OWN, NOT_SEEN};
static const struct connection kind_200_now = {
	V4, 4, TRUSTED, BYTES_INIT(TOA4(200)), CLIENT_V4, CLIENT_V4, ACCEPTED4};
static const struct connection kind_254_then_200 = {
	V4,	   4,	      TRUSTED,	BYTES_INIT(254, 8, 1, 1, 9, 9, 9, 9, TOA4(200)),
	CLIENT_V4, CLIENT_V4, ACCEPTED4};

static void only_kind_200(const void *argument)
{
	static const char *const options[] = {"--trust", TRUST4, "--kind", "200", NULL};

	(void)argument;
	receiver_load(options);
	run_connection(&kind_254_now);
	run_connection(&kind_200_now);
	run_connection(&kind_254_then_200);
}

/* ---- every length and every place, against a model of the rules ---- */

/* Options whose good ones all carry the same client; the model says which is shown. */
static void check_model(int listening, const uint8_t *options, size_t length)
{
	enum shown shown = model(options, length);
	struct connection c = {DUAL, 4, TRUSTED, {options, length}, shown, shown, NOT_SEEN};

	connect_once(listening, &c);
}

/* Fills a list with NOPs and one option of KIND and LENGTH at AT, its data cut off at END. */
static void place(uint8_t *list, size_t end, size_t at, uint8_t kind, uint8_t length)
{
	static const uint8_t v4[] = {PORT_BYTES, CLIENT4_BYTES};
	static const uint8_t v6[] = {PORT_BYTES, CLIENT6_BYTES};
	const uint8_t *data = length == 8 ? v4 : v6;
	size_t size = length == 8 ? sizeof(v4) : sizeof(v6);

	memset(list, 1, 40);
	list[at] = kind;
	if (at + 1 < end)
		list[at + 1] = length;
	for (size_t i = 0; i < size && at + 2 + i < end; i++)
		list[at + 2 + i] = data[i];
}

static void every_length(const void *argument)
{
	static const uint8_t lengths[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,   10, 12,
					  18, 19, 20, 21, 22, 39, 40, 41, 60, 128, 255};
	int listening = listen_on(DUAL);
	uint8_t list[40];

	(void)argument;
	for (size_t end = 4; end <= 40; end += 4)
		for (size_t i = 0; i < sizeof(lengths); i++) {
			place(list, end, 0, 254, lengths[i]);
			check_model(listening, list, end);
		}
}

static void every_place(const void *argument)
{
	int listening = listen_on(DUAL);
	uint8_t list[40];

	(void)argument;
	for (size_t at = 0; at < 40; at++)
		for (int length = 8; length <= 20; length += 12) {
			place(list, 40, at, 254, length);
			check_model(listening, list, 40);
		}
}

/* Random lists of the bytes that matter. Not 19 and 29: the kernel drops such segments. */
static void random_lists(const void *argument)
{
	static const uint8_t bytes[] = {0, 1,  1,  1,  2,   3,	 4,   5,   8,  8,
					8, 20, 20, 28, 200, 253, 254, 254, 255};
	int listening = listen_on(DUAL);
	unsigned int seed = time(NULL);
	unsigned int first = seed;

	(void)argument;
	for (int i = 0; i < 400; i++) {
		struct client client = client_new(TRUSTED4, port_of(listening));
		struct bytes options = {.length = 4 + rand_r(&seed) % 10 * 4};
		uint8_t list[40];
		enum shown shown;
		struct peer peer;
		int fd;

		for (size_t b = 0; b < options.length; b++)
			list[b] = bytes[rand_r(&seed) % sizeof(bytes)];
		options.data = list;
		shown = model(list, options.length);
		client_connect(&client, NONE, options);
		if (dropped_by_kernel(&client, listening, options))
			shown = OWN;
		fd = accept_within(listening, &peer, 3000);
		if (shown == OWN)
			expect_peer("accept", peer, TRUSTED4, client.source_port);
		else if (peer.port == client.source_port)
			fail("list %d of seed %u: the option was not taken", i, first);
		client_reset(&client);
		close(fd);
	}
}

#define NO_BYTES        \
	{               \
		NULL, 0 \
	}
#define CASE(name, ...)                                          \
	{                                                        \
		name, run_connection, &(const struct connection) \
		{                                                \
			__VA_ARGS__                              \
		}                                                \
	}
#define V4_CASE(name, option, ...) CASE(name, V4, 4, TRUSTED, BYTES_INIT option, __VA_ARGS__)
#define GOOD4			   CLIENT_V4, CLIENT_V4, ACCEPTED4
#define GOOD6			   CLIENT_V6, CLIENT_V6, ACCEPTED6
#define BAD			   OWN, OWN, MALFORMED

static const struct test_case cases[] = {
	/* families */
	CASE("v4", V4, 4, TRUSTED, BYTES_INIT(TOA4(254)), GOOD4),
	CASE("v6", V6, 6, TRUSTED, BYTES_INIT(TOA6(254)), GOOD6),
	CASE("dual-stack-v4", DUAL, 4, TRUSTED, BYTES_INIT(TOA4(254)), GOOD4),
	CASE("dual-stack-v6", DUAL, 6, TRUSTED, BYTES_INIT(TOA6(254)), GOOD6),
	CASE("nat64-v4-socket", V4, 4, TRUSTED, BYTES_INIT(TOA6(254)), OWN, CLIENT_V6, ACCEPTED6),
	CASE("nat64-dual-stack", DUAL, 4, TRUSTED, BYTES_INIT(TOA6(254)), GOOD6),
	CASE("nat46-v6-socket", V6, 6, TRUSTED, BYTES_INIT(TOA4(254)), GOOD4),
	CASE("no-option-v4", V4, 4, TRUSTED, NO_BYTES, OWN, OWN, NOT_SEEN),
	CASE("no-option-v6", V6, 6, TRUSTED, NO_BYTES, OWN, OWN, NOT_SEEN),
	CASE("no-option-dual-stack", DUAL, 4, TRUSTED, NO_BYTES, OWN, OWN, NOT_SEEN),
	/* trust */
	CASE("untrusted-v4", V4, 4, STRANGER, BYTES_INIT(TOA4(254)), OWN, OWN, UNTRUSTED),
	CASE("untrusted-v6", V6, 6, STRANGER, BYTES_INIT(TOA6(254)), OWN, OWN, UNTRUSTED),
	CASE("untrusted-dual-stack", DUAL, 4, STRANGER, BYTES_INIT(TOA4(254)), OWN, OWN, UNTRUSTED),
	CASE("untrusted-nat64", V4, 4, STRANGER, BYTES_INIT(TOA6(254)), OWN, OWN, UNTRUSTED),
	/* kinds */
	V4_CASE("kind-200", (TOA4(200)), GOOD4),
	V4_CASE("kind-253", (TOA4(253)), GOOD4),
	V4_CASE("kind-28", (TOA4(28)), GOOD4),
	CASE("kind-200-v6", DUAL, 6, TRUSTED, BYTES_INIT(TOA6(200)), GOOD6),
	CASE("kind-253-v6", DUAL, 6, TRUSTED, BYTES_INIT(TOA6(253)), GOOD6),
	CASE("kind-28-v6", DUAL, 6, TRUSTED, BYTES_INIT(TOA6(28)), GOOD6),
	V4_CASE("kind-252-is-none", (TOA4(252)), OWN, OWN, NOT_SEEN),
	V4_CASE("kind-28-user-timeout", (28, 4, 0, 9), OWN, OWN, NOT_SEEN),
	V4_CASE("kind-28-user-timeout-before", (28, 4, 0, 9, TOA4(28)), GOOD4),
	{"kind-chosen-at-load", only_kind_200, NULL},
	/* places */
	V4_CASE("after-nops", (1, 1, 1, TOA4(254)), GOOD4),
	V4_CASE("after-timestamps", (1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, TOA4(254)), GOOD4),
	V4_CASE("last-of-40-bytes",
		(1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 1, 1, 8, 10, 0, 0, 0,
		 1, 0, 0, 0, 0, TOA4(254)),
		GOOD4),
	V4_CASE("after-end-of-list", (0, 1, 1, 1, TOA4(254)), OWN, OWN, NOT_SEEN),
	V4_CASE("first-of-two-wins", (TOA4(254), 254, 8, 0, 1, 9, 9, 9, 9), GOOD4),
	V4_CASE("first-kind-in-the-list-wins", (TOA4(28), 254, 8, 0, 1, 9, 9, 9, 9), GOOD4),
	V4_CASE("good-after-wrong-length", (254, 4, 1, 1, TOA4(254)), GOOD4),
	CASE("v4-before-v6", DUAL, 4, TRUSTED, BYTES_INIT(TOA4(254), TOA6(253)), GOOD4),
	CASE("v6-before-v4", DUAL, 4, TRUSTED, BYTES_INIT(TOA6(253), TOA4(254)), GOOD6),
	/* malformed */
	V4_CASE("malformed-length-0", (254, 0, PORT_BYTES, CLIENT4_BYTES), BAD),
	V4_CASE("malformed-length-1", (254, 1, PORT_BYTES, CLIENT4_BYTES), BAD),
	V4_CASE("malformed-length-2", (254, 2, 1, 1), BAD),
	V4_CASE("malformed-length-7", (254, 7, PORT_BYTES, CLIENT4_BYTES), BAD),
	V4_CASE("malformed-length-9", (254, 9, PORT_BYTES, CLIENT4_BYTES, 1, 1, 1, 1), BAD),
	V4_CASE("malformed-length-19", (254, 19, PORT_BYTES, CLIENT6_BYTES), BAD),
	V4_CASE("malformed-length-21", (254, 21, PORT_BYTES, CLIENT6_BYTES, 1, 1, 1, 1), BAD),
	V4_CASE("malformed-length-255", (254, 255, PORT_BYTES, CLIENT4_BYTES), BAD),
	V4_CASE("truncated-kind-only", (1, 1, 1, 254), BAD),
	V4_CASE("truncated-no-data", (1, 1, 254, 8), BAD),
	V4_CASE("truncated-half", (254, 8, PORT_BYTES), BAD),
	V4_CASE("truncated-v6-as-v4", (254, 20, PORT_BYTES, CLIENT4_BYTES), BAD),
	V4_CASE("past-the-header-after-others", (3, 3, 7, 1, 254, 20, PORT_BYTES, 1, 2, 3, 4), BAD),
	V4_CASE("other-option-length-0", (77, 0, 1, 1, TOA4(254)), BAD),
	V4_CASE("other-option-past-the-header", (77, 40, 1, 1, TOA4(254)), BAD),
	{"malformed-every-length", every_length, NULL},
	{"option-at-every-place", every_place, NULL},
	{"random-option-lists", random_lists, NULL},
};

const struct test_group option_cases = {cases, sizeof(cases) / sizeof(cases[0])};
