// SPDX-License-Identifier: GPL-2.0
/*
 * Measures programs: `restore` writes a packet anew and tail-calls whatever is
 * in `target`; the rest are the references that go there for comparison. Loaded
 * by test/bench only.
 */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

#include "shared.h"

#define FRAME_MAX 128

/* A frame's first bytes and where its ports are drawn from. */
struct template
{
	__u8 frame[FRAME_MAX];
	__u32 len;
	__u32 flows; /* client ports and addresses vary over this many; a power of two */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct template);
} templates SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} target SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024); /* (load) */
	__type(key, struct flow4_key);
	__type(value, struct flow4);
} reference SEC(".maps");

/* State of a small generator; not for security. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seeds SEC(".maps");

static const __u32 zero = 0;

/* xorshift64 */
static __always_inline __u64 next_random(void)
{
	__u64 *seed = bpf_map_lookup_elem(&seeds, &zero);
	__u64 x;

	if (!seed)
		return 0;
	x = *seed;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*seed = x;
	return x;
}

/* The frame is as long as the template's, whatever the last run made of it. */
SEC("xdp")
int restore(struct xdp_md *ctx)
{
	struct template *t = bpf_map_lookup_elem(&templates, &zero);
	void *data, *end;
	__u64 flow;
	__u32 i;
	int grow;

	if (!t)
		return XDP_ABORTED;
	grow = (int)(ctx->data_end - ctx->data) - (int)t->len;
	if (grow && bpf_xdp_adjust_head(ctx, grow))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + 66 > end)
		return XDP_ABORTED;
#pragma unroll
	for (i = 0; i < 8; i++)
		((__u64 *)data)[i] = ((__u64 *)t->frame)[i];
	*(__u16 *)(data + 64) = *(__u16 *)(t->frame + 64);
	flow = next_random() & (t->flows - 1);
	/* 16 bits into the port, the rest into the low bytes of the address. */
	*(__u16 *)(data + 34) = flow;
	*(__u8 *)(data + 29) = t->frame[29] + (flow >> 16);
	bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int empty(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_TX;
}

/* One hash look-up with the packet's own 5-tuple. */
SEC("xdp")
int lookup(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct flow4_key key = {.proto = 6};
	struct flow4 *flow;

	if (data + 54 > end)
		return XDP_ABORTED;
	__builtin_memcpy(&key.saddr, data + 26, 4);
	__builtin_memcpy(&key.daddr, data + 30, 4);
	__builtin_memcpy(&key.sport, data + 34, 2);
	__builtin_memcpy(&key.dport, data + 36, 2);
	flow = bpf_map_lookup_elem(&reference, &key);
	return flow ? XDP_TX : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
