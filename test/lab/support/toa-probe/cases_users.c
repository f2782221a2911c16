// SPDX-License-Identifier: Apache-2.0
/* Others who keep something with the same socket (sk_user_data, sk_prot, its
 * callbacks): kTLS and sockmaps go on working, and so does the receiver. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/tcp.h>
#include <linux/tls.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

static const struct bytes toa4 = BYTES_INIT(TOA4(254));

static int connected(struct client *client)
{
	int listening = listen_on(DUAL);
	struct peer peer;

	*client = client_new(TRUSTED4, port_of(listening));
	client_connect(client, NONE, toa4);
	return accept_within(listening, &peer, 3000);
}

static void expect_client(int fd)
{
	expect_peer("getpeername", peer_of(fd), CLIENT4, CLIENT_PORT);
	expect_toa(fd, CLIENT4, CLIENT_PORT);
}

/* Waits for a segment with data. */
static void receive_data(struct client *client, struct segment *segment)
{
	do {
		if (!client_receive(client, segment, 2000))
			fail("the client got no data");
	} while (!segment->payload_length);
	client_send(client, ACK, NONE, NONE);
}

static void ktls(const void *argument)
{
	struct tls12_crypto_info_aes_gcm_128 keys = {
		.info = {.version = TLS_1_2_VERSION, .cipher_type = TLS_CIPHER_AES_GCM_128},
	};
	struct segment segment;
	struct client client;
	int fd = connected(&client);

	(void)argument;
	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls"))) {
		if (errno == ENOENT)
			skip("the kernel has no kTLS");
		fail_errno("TCP_ULP");
	}
	expect_client(fd);
	if (setsockopt(fd, SOL_TLS, TLS_TX, &keys, sizeof(keys))) {
		if (errno == ENOENT)
			skip("the kernel has no AES-GCM");
		fail_errno("TLS_TX");
	}
	expect_client(fd);
	if (write(fd, "secret", 6) != 6)
		fail_errno("write");
	receive_data(&client, &segment);
	if (segment.payload[0] != 23 || segment.payload_length != 5 + 8 + 6 + 16)
		fail("no TLS record: %zu bytes, type %u", segment.payload_length,
		     segment.payload[0]);
	expect_client(fd);
	client_reset(&client);
	close(fd);
}

static void sockmap(const void *argument)
{
	union bpf_attr create = {
		.map_type = BPF_MAP_TYPE_SOCKMAP, .key_size = 4, .value_size = 4, .max_entries = 1};
	uint32_t key = 0, value;
	union bpf_attr update = {.flags = BPF_ANY};
	struct segment segment;
	struct client client;
	int fd = connected(&client),
	    map = syscall(SYS_bpf, BPF_MAP_CREATE, &create, sizeof(create));

	(void)argument;
	if (map < 0 && (errno == EINVAL || errno == ENOSYS))
		skip("the kernel has no sockmap");
	if (map < 0)
		fail_errno("BPF_MAP_CREATE");
	value = fd;
	update.map_fd = map;
	update.key = (unsigned long)&key;
	update.value = (unsigned long)&value;
	if (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &update, sizeof(update)))
		fail_errno("BPF_MAP_UPDATE_ELEM");
	expect_client(fd);
	exchange(&client, fd, toa4);
	expect_client(fd);
	close(map); /* the socket leaves the map */
	expect_client(fd);
	if (write(fd, "after", 5) != 5)
		fail_errno("write");
	receive_data(&client, &segment);
	client_reset(&client);
	close(fd);
}

static const struct test_case cases[] = {
	{"ktls-socket", ktls, NULL},
	{"sockmap-socket", sockmap, NULL},
};

const struct test_group user_cases = {cases, sizeof(cases) / sizeof(cases[0])};
