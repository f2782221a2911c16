/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toa-probe: every case of a receiver's behaviour, in one static program that needs
 * no Node, so that it also runs in a minimal guest.
 *
 *   toa-probe ---- tun device ---- the kernel's TCP ---- listening sockets
 *   (raw client, any                                     (accept, getpeername,
 *    source address, any                                  getsockopt 4096)
 *    option bytes)
 *
 * main.c runs cases in child processes; net.c makes the namespace and the device;
 * raw.c is the client; server.c the sockets; receiver.c loads and reads receivers;
 * cases_*.c are the cases.
 */
#ifndef TOA_PROBE_H
#define TOA_PROBE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the case. Both may be called from anywhere below run_case(). */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);
__attribute__((noreturn, format(printf, 1, 2))) void skip(const char *format, ...);
/* As fail(), with errno's text. */
__attribute__((noreturn, format(printf, 1, 2))) void fail_errno(const char *format, ...);

struct test_case {
	const char *name;
	void (*run)(const void *argument);
	const void *argument;
};

struct test_group {
	const struct test_case *cases;
	size_t count;
};

extern const struct test_group option_cases, socket_cases, lifetime_cases, user_cases;

/* ---- net.c ---- */

#define SERVER4	  "10.77.0.1"
#define SERVER6	  "fd77::1"
#define TRUSTED4  "10.77.1.9"
#define TRUSTED6  "fd77::1:9"
#define STRANGER4 "10.77.2.9"
#define STRANGER6 "fd77::2:9"
#define TRUST4	  "10.77.1.0/24"
#define TRUST6	  "fd77::1:0/112"

/* A namespace of our own with a tun device; only the kernel's own side has addresses. */
void net_setup(void);
/* Runs ARGV in the namespace that the probe was started in; returns its status. */
int run_outside(char *const argv[], char *output, size_t size);
void sysctl_set(const char *name, const char *value);
/* IPv4 is ::ffff:a.b.c.d. */
struct in6_addr address(const char *text);
const char *address_text(const struct in6_addr *value);

/* ---- raw.c: a TCP client made of packets ---- */

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

struct bytes {
	const uint8_t *data;
	size_t length;
};

/* The same as an initialiser, and as a value. */
#define BYTES_INIT(...)                                                                \
	{                                                                              \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}) \
	}
#define BYTES(...) ((struct bytes)BYTES_INIT(__VA_ARGS__))
#define NONE	   ((struct bytes){NULL, 0})
#define TEXT(t)	   ((struct bytes){(const uint8_t *)(t), sizeof(t) - 1})

struct client {
	struct in6_addr source, server; /* both IPv4-mapped, or neither */
	uint16_t source_port, server_port;
	uint32_t seq, ack; /* next to send, next expected */
};

struct segment {
	uint8_t flags;
	uint32_t seq, ack;
	uint8_t options[40];
	size_t options_length, payload_length;
	uint8_t payload[2048];
};

/* A client at SOURCE, on a port not used before. */
struct client client_new(const char *source, uint16_t server_port);
/* OPTIONS are padded with NOPs to a multiple of 4. seq moves on by what was sent. */
void client_send(struct client *client, uint8_t flags, struct bytes options, struct bytes payload);
/* The next segment for this client; false after TIMEOUT_MS. ack moves on. */
bool client_receive(struct client *client, struct segment *segment, int timeout_ms);
/* SYN, SYN-ACK. */
struct segment client_syn(struct client *client, struct bytes options, struct bytes payload);
/* SYN, SYN-ACK, ACK with these options. */
void client_connect(struct client *client, struct bytes syn_options, struct bytes ack_options);
/* RST, so that nothing is left in the kernel. */
void client_reset(struct client *client);

/* ---- server.c ---- */

enum listener { V4, V6, DUAL };

struct peer {
	struct in6_addr address;
	uint16_t port;
	int family; /* of the sockaddr that the kernel returned */
};

/* A non-blocking listening socket on any address and a free port. */
int listen_on(enum listener kind);
uint16_t port_of(int fd);
/* Waits for a connection; *PEER is what accept said. */
int accept_within(int listening, struct peer *peer, int timeout_ms);
struct peer peer_of(int fd);
struct peer peer_from(const struct sockaddr_storage *storage);
/* getsockopt 4096; false when the kernel says ENOPROTOOPT. */
bool toa_of(int fd, struct peer *peer);
void expect_peer(const char *what, struct peer peer, const char *address, uint16_t port);
void expect_toa(int fd, const char *address, uint16_t port);
/* Sends "ping" with OPTIONS, and "pong" back. */
void exchange(struct client *client, int fd, struct bytes options);

/* ---- receiver.c ---- */

struct counters {
	unsigned long long seen, accepted, untrusted, malformed, v4, v6;
};

struct receiver_setup {
	const char *kind;   /* "bpf" or "module" */
	const char *toactl; /* bpf */
	const char *module; /* module: path of toa.ko */
	const char *cgroup; /* bpf: made and joined by receiver_prepare() */
	const char *pin;    /* bpf */
};

extern struct receiver_setup receiver;

void receiver_prepare(void);
void receiver_cleanup(void);
/* Whom to trust, and which kinds: NULL for the defaults of the suite. */
void receiver_load(const char *const *options);
void receiver_unload(void);
void receiver_trust(const char *verb, const char *cidr);
struct counters receiver_counters(void);
void expect_counters(struct counters before, struct counters change);
/* Addresses that the module keeps; -1 when the kernel keeps them with the sockets. */
long receiver_entries(void);

/* ---- what the options carry ---- */

#define CLIENT_PORT   51234
#define CLIENT4	      "203.0.113.7"
#define CLIENT6	      "2001:db8:cafe::7"
#define PORT_BYTES    0xc8, 0x22
#define CLIENT4_BYTES 203, 0, 113, 7
#define CLIENT6_BYTES 0x20, 0x01, 0x0d, 0xb8, 0xca, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7
#define TOA4(kind)    kind, 8, PORT_BYTES, CLIENT4_BYTES
#define TOA6(kind)    kind, 20, PORT_BYTES, CLIENT6_BYTES

#endif
