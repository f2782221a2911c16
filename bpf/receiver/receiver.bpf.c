// SPDX-License-Identifier: GPL-2.0
/*
 * The backend's receiver: shows applications the client address that the
 * gateway put into a TCP option.
 *
 *   sockops      PASSIVE_ESTABLISHED: reads the option from the packet that made
 *                the connection (the handshake's ACK, a SYN-cookie ACK, the first
 *                data of a deferred accept, or a Fast Open SYN) and stores the
 *                address with the socket.
 *   getpeername  accept, accept4, getpeername and io_uring all ask the kernel's
 *                inet_getname, which runs these two.
 *   getsockopt   IPPROTO_IP 4096, for an IPv6 client on an IPv4 socket.
 *
 * Only UAPI types and helpers of Linux 5.10; no kernel BTF is needed.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "receiver.h"

#ifndef barrier_var /* libbpf before 0.6 */
#define barrier_var(var) asm volatile("" : "+r"(var))
#endif

#define AF_INET	 2
#define AF_INET6 10

enum { TCP_HEADER = 20, TCP_OPTIONS_MAX = 40, OPT_EOL = 0, OPT_NOP = 1 };
enum { KIND_USER_TIMEOUT = 28, USER_TIMEOUT_LEN = 4 };

char _license[] SEC("license") = "GPL";

/* The whole of .rodata: toactl sets and reads the section as this structure. */
const volatile struct toa_settings settings = {
	.abi = RECEIVER_ABI,
};

/* Client address of a socket. Written once, before accept can return it; freed
 * with the socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct toa_client);
} clients SEC(".maps");

/* Prefixes whose options count. Written by toactl. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TOA_TRUST_MAX);
	__type(key, struct toa_trust_key);
	__type(value, __u32);
} trust SEC(".maps");

/* One entry, read by toactl status. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct toa_counters);
} counters SEC(".maps");

/* A sockops program may be interrupted by another one on its CPU, so even a
 * per-CPU counter is added to atomically. */
#define COUNT(c, field) __sync_fetch_and_add(&(c)->field, 1)

enum verdict { NO_OPTION, MALFORMED, FOUND };

static __always_inline int wanted(__u8 kind)
{
	for (int i = 0; i < TOA_KINDS_MAX; i++)
		if (settings.kinds[i] == kind)
			return 1;
	return 0;
}

/* Takes the address from an option of a wanted kind and good length. The caller
 * checked that the option's LEN bytes are within the header; END is for the
 * verifier. Byte loads: nothing aligns an option. */
static __always_inline int take(const __u8 *opt, const void *end, __u8 len, struct toa_client *out)
{
	__u8 *to = (__u8 *)out->addr;

	out->kind = opt[0];
	if (len == TOA_LEN_V4) {
		if ((const void *)(opt + TOA_LEN_V4) > end)
			return 0;
		out->addr[2] = bpf_htonl(0xffff);
		__builtin_memcpy(&out->port, opt + 2, 2);
		__builtin_memcpy(to + 12, opt + 4, 4);
		out->family = 4;
		return 1;
	}
	if (len == TOA_LEN_V6) {
		if ((const void *)(opt + TOA_LEN_V6) > end)
			return 0;
		__builtin_memcpy(&out->port, opt + 2, 2);
		__builtin_memcpy(to, opt + 4, 16);
		out->family = 6;
		return 1;
	}
	return 0;
}

/* The next option's place. Every place looks alike to the verifier (0-63), so that
 * it does not try every option list there is. */
static __always_inline __u32 advance(__u32 off, __u32 by)
{
	off += by;
	barrier_var(off);
	return off & 63;
}

/*
 * Walks the option list from OFF, the first option's place in the header.
 * Returns FOUND for the first option of a wanted kind with a good length. A wrong
 * length is passed over, since kinds are shared with others, and remembered.
 */
static __always_inline enum verdict find_option(const void *tcp, const void *end, __u32 off,
						struct toa_client *out)
{
	enum verdict verdict = NO_OPTION;

	for (int i = 0; i < TCP_OPTIONS_MAX; i++) {
		const __u8 *opt = tcp + off;
		__u8 kind, len;

		if ((const void *)(opt + 1) > end)
			return verdict;
		kind = opt[0];
		if (kind == OPT_EOL)
			return verdict;
		if (kind == OPT_NOP) {
			off = advance(off, 1);
			continue;
		}
		if ((const void *)(opt + 2) > end)
			return MALFORMED;
		len = opt[1];
		if (len < 2 || (const void *)(opt + len) > end)
			return MALFORMED;
		if (wanted(kind)) {
			if (take(opt, end, len, out))
				return FOUND;
			if (kind != KIND_USER_TIMEOUT || len != USER_TIMEOUT_LEN)
				verdict = MALFORMED;
		}
		off = advance(off, len);
	}
	return verdict;
}

/* The packet's own source must be in the trust list. An IPv4 connection of a
 * dual-stack socket already has ::ffff:a.b.c.d as its IPv6 address. */
static __always_inline int trusted(struct bpf_sock_ops *ctx)
{
	__u32 ip4 = ctx->remote_ip4;
	struct toa_trust_key key = {};

	if (settings.trust_any)
		return 1;
	barrier_var(ip4);    /* else clang picks one of two fields by a computed address */
	key.prefixlen = 128; /* set here: an initialiser would add to .rodata */
	if (ctx->family == AF_INET) {
		key.addr[2] = bpf_htonl(0xffff);
		key.addr[3] = ip4;
	} else {
		key.addr[0] = ctx->remote_ip6[0];
		key.addr[1] = ctx->remote_ip6[1];
		key.addr[2] = ctx->remote_ip6[2];
		key.addr[3] = ctx->remote_ip6[3];
	}
	return bpf_map_lookup_elem(&trust, &key) != NULL;
}

static __always_inline void store(struct bpf_sock_ops *ctx, struct toa_counters *count,
				  struct toa_client *found)
{
	struct bpf_sock *sk = ctx->sk;

	if (!sk || !bpf_sk_storage_get(&clients, sk, found, BPF_SK_STORAGE_GET_F_CREATE)) {
		COUNT(count, no_memory);
		return;
	}
	COUNT(count, accepted);
	if (found->family == 4)
		COUNT(count, v4);
	else
		COUNT(count, v6);
}

/* skb_data starts at the TCP header and skb_data_end is the end of its options.
 * bpf_load_hdr_opt is no use: it looks for kind 254 only with a magic number. */
SEC("sockops")
int toa_established(struct bpf_sock_ops *ctx)
{
	struct toa_client found = {};
	struct toa_counters *count;
	void *tcp, *end;
	__u32 zero = 0;
	enum verdict verdict;

	if (ctx->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		return 1;
	if (ctx->family != AF_INET && ctx->family != AF_INET6)
		return 1;
	count = bpf_map_lookup_elem(&counters, &zero);
	if (!count)
		return 1;
	tcp = ctx->skb_data;
	end = ctx->skb_data_end;
	verdict = find_option(tcp, end, advance(TCP_HEADER, count->zero), &found);
	if (verdict == NO_OPTION)
		return 1;
	COUNT(count, seen);
	if (verdict == MALFORMED)
		COUNT(count, malformed);
	else if (!trusted(ctx))
		COUNT(count, untrusted);
	else
		store(ctx, count, &found);
	return 1;
}

/* An IPv6 client does not fit here: the packet's own address stays. */
SEC("cgroup/getpeername4")
int toa_getpeername4(struct bpf_sock_addr *ctx)
{
	struct toa_client *client;

	if (!ctx->sk)
		return 1;
	client = bpf_sk_storage_get(&clients, ctx->sk, NULL, 0);
	if (!client || client->family != 4)
		return 1;
	ctx->user_ip4 = client->addr[3];
	ctx->user_port = client->port;
	return 1;
}

/* Also for IPv4 connections of dual-stack sockets, whose IPv6 clients (NAT64) fit. */
SEC("cgroup/getpeername6")
int toa_getpeername6(struct bpf_sock_addr *ctx)
{
	struct toa_client *client;

	if (!ctx->sk)
		return 1;
	client = bpf_sk_storage_get(&clients, ctx->sk, NULL, 0);
	if (!client)
		return 1;
	ctx->user_ip6[0] = client->addr[0];
	ctx->user_ip6[1] = client->addr[1];
	ctx->user_ip6[2] = client->addr[2];
	ctx->user_ip6[3] = client->addr[3];
	ctx->user_port = client->port;
	return 1;
}

/*
 * Runs after the kernel's own getsockopt, which refused 4096 (ENOPROTOOPT); that
 * answer stays for a socket without a client address. Buffers over a page do not
 * reach programs: optlen 0 says "leave the kernel's answer alone" (Linux 5.8).
 */
SEC("cgroup/getsockopt")
int toa_getsockopt(struct bpf_sockopt *ctx)
{
	struct toa_peer *peer = ctx->optval;
	struct toa_client *client;

	if (ctx->level != IPPROTO_IP || ctx->optname != TOA_SOCKOPT || !ctx->sk) {
		if (ctx->optlen > 4096)
			ctx->optlen = 0;
		return 1;
	}
	client = bpf_sk_storage_get(&clients, ctx->sk, NULL, 0);
	if (!client || (void *)peer + TOA_SOCKOPT_LEN > ctx->optval_end)
		return 1;
	__builtin_memcpy(peer->addr, client->addr, sizeof(peer->addr));
	peer->port = client->port;
	ctx->optlen = TOA_SOCKOPT_LEN;
	if ((void *)(peer + 1) <= ctx->optval_end) {
		peer->pad = 0;
		ctx->optlen = sizeof(*peer);
	}
	ctx->retval = 0;
	return 1;
}
