// SPDX-License-Identifier: Apache-2.0
/* A TCP client made of packets: no kernel owns its address, so nothing answers for it. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net.h"
#include "probe.h"

enum { TCP_FIXED = 20, IP4 = 20, IP6 = 40, OPTIONS_MAX = 40, NOP = 1 };

static bool is_mapped(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a);
}

static uint32_t add_bytes(uint32_t sum, const uint8_t *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sum += i & 1 ? data[i] : data[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

struct client client_new(const char *source, uint16_t server_port)
{
	static uint16_t next_port;
	struct client client = {.source = address(source), .server_port = server_port};
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!next_port) /* cases run in processes of their own: do not collide */
		next_port = now.tv_nsec / 1000 % 40000;
	client.source_port = 10000 + next_port++ % 50000;
	client.seq = now.tv_nsec;
	client.server = address(is_mapped(&client.source) ? SERVER4 : SERVER6);
	return client;
}

/* Writes the IP header; returns its length. */
static size_t put_ip(const struct client *client, uint8_t *packet, size_t tcp_length)
{
	if (is_mapped(&client->source)) {
		packet[0] = 0x45;
		put16(packet + 2, IP4 + tcp_length);
		packet[8] = 64;
		packet[9] = IPPROTO_TCP;
		memcpy(packet + 12, client->source.s6_addr + 12, 4);
		memcpy(packet + 16, client->server.s6_addr + 12, 4);
		put16(packet + 10, fold(add_bytes(0, packet, IP4)));
		return IP4;
	}
	packet[0] = 0x60;
	put16(packet + 4, tcp_length);
	packet[6] = IPPROTO_TCP;
	packet[7] = 64;
	memcpy(packet + 8, &client->source, 16);
	memcpy(packet + 24, &client->server, 16);
	return IP6;
}

static size_t put_tcp(const struct client *client, uint8_t *tcp, uint8_t flags,
		      struct bytes options, struct bytes payload)
{
	size_t padded = (options.length + 3) & ~3ul;
	size_t length = TCP_FIXED + padded + payload.length;
	uint32_t sum = IPPROTO_TCP + length;

	put16(tcp, client->source_port);
	put16(tcp + 2, client->server_port);
	put32(tcp + 4, client->seq);
	put32(tcp + 8, flags & ACK ? client->ack : 0);
	tcp[12] = (TCP_FIXED + padded) / 4 << 4;
	tcp[13] = flags;
	put16(tcp + 14, 65535);
	memset(tcp + TCP_FIXED, NOP, padded);
	if (options.length)
		memcpy(tcp + TCP_FIXED, options.data, options.length);
	if (payload.length)
		memcpy(tcp + TCP_FIXED + padded, payload.data, payload.length);
	/* An IPv4-mapped prefix adds 0xffff to each address: nothing, in this sum. */
	sum = add_bytes(sum, client->source.s6_addr, 16);
	sum = add_bytes(sum, client->server.s6_addr, 16);
	put16(tcp + 16, fold(add_bytes(sum, tcp, length)));
	return length;
}

void client_send(struct client *client, uint8_t flags, struct bytes options, struct bytes payload)
{
	uint8_t tcp[TCP_FIXED + OPTIONS_MAX + 1400] = {}, packet[IP6 + sizeof(tcp)] = {};
	size_t tcp_length, ip_length;

	if (options.length > OPTIONS_MAX || payload.length > 1400)
		fail("segment too long: %zu option bytes, %zu data bytes", options.length,
		     payload.length);
	tcp_length = put_tcp(client, tcp, flags, options, payload);
	ip_length = put_ip(client, packet, tcp_length);
	memcpy(packet + ip_length, tcp, tcp_length);
	if (write(tun_fd, packet, ip_length + tcp_length) < 0)
		fail_errno("cannot send");
	client->seq += payload.length + !!(flags & SYN) + !!(flags & FIN);
}

/* The TCP header of a packet for CLIENT; NULL for any other. */
static const uint8_t *match(const struct client *client, const uint8_t *packet, size_t size,
			    size_t *tcp_length)
{
	const uint8_t *tcp;
	bool v4 = is_mapped(&client->source);
	size_t ip = v4 ? IP4 : IP6;

	if (size < ip + TCP_FIXED || packet[0] >> 4 != (v4 ? 4 : 6) ||
	    packet[v4 ? 9 : 6] != IPPROTO_TCP)
		return NULL;
	if (v4 ? memcmp(packet + 16, client->source.s6_addr + 12, 4)
	       : memcmp(packet + 24, &client->source, 16))
		return NULL;
	tcp = packet + ip;
	*tcp_length = size - ip;
	if (get16(tcp) != client->server_port || get16(tcp + 2) != client->source_port)
		return NULL;
	return tcp;
}

static void take_segment(struct client *client, struct segment *segment, const uint8_t *tcp,
			 size_t length)
{
	size_t header = (tcp[12] >> 4) * 4;

	memset(segment, 0, sizeof(*segment));
	segment->flags = tcp[13];
	segment->seq = get32(tcp + 4);
	segment->ack = get32(tcp + 8);
	segment->options_length = header - TCP_FIXED;
	memcpy(segment->options, tcp + TCP_FIXED, segment->options_length);
	segment->payload_length = length - header;
	if (segment->payload_length <= sizeof(segment->payload))
		memcpy(segment->payload, tcp + header, segment->payload_length);
	client->ack = segment->seq + segment->payload_length + !!(segment->flags & SYN) +
		      !!(segment->flags & FIN);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

bool client_receive(struct client *client, struct segment *segment, int timeout_ms)
{
	long long end = now_ms() + timeout_ms;
	struct pollfd wait = {.fd = tun_fd, .events = POLLIN};
	uint8_t packet[4096];
	const uint8_t *tcp;
	size_t length;

	for (;;) {
		ssize_t size = read(tun_fd, packet, sizeof(packet));

		if (size < 0 && errno == EAGAIN) {
			long long left = end - now_ms();

			if (left <= 0 || poll(&wait, 1, left) <= 0)
				return false;
			continue;
		}
		if (size < 0)
			fail_errno("cannot receive");
		tcp = match(client, packet, size, &length);
		if (tcp) {
			take_segment(client, segment, tcp, length);
			return true;
		}
	}
}

struct segment client_syn(struct client *client, struct bytes options, struct bytes payload)
{
	uint8_t all[OPTIONS_MAX] = {2, 4, 1400 >> 8, 1400 & 255};
	struct segment answer;

	if (options.length)
		memcpy(all + 4, options.data, options.length);
	client_send(client, SYN, (struct bytes){all, 4 + options.length}, payload);
	if (!client_receive(client, &answer, 3000))
		fail("no answer to the SYN");
	if ((answer.flags & (SYN | ACK | RST)) != (SYN | ACK))
		fail("answer to the SYN has flags %#x", answer.flags);
	return answer;
}

void client_connect(struct client *client, struct bytes syn_options, struct bytes ack_options)
{
	client_syn(client, syn_options, NONE);
	client_send(client, ACK, ack_options, NONE);
}

void client_reset(struct client *client)
{
	client_send(client, RST | ACK, NONE, NONE);
}
