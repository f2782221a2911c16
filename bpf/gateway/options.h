/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TCP options: what a client must not send is blanked with NOPs, the client's
 * address is put in front, the MSS a client sees is lowered. SPEC section 4.
 */
#ifndef CLEARNAT_OPTIONS_H
#define CLEARNAT_OPTIONS_H

#include "csum.h"
#include "maps.h"
#include "parse.h"

#define OPTIONS_MAX	       40
#define OPTIONS_PAD	       3 /* an end-of-list may be followed by this much padding */
#define OPT_EOL		       0
#define OPT_NOP		       1
#define OPT_MSS		       2
#define OPT_FASTOPEN	       34
/* NOP NOP Timestamps(10): how nearly every packet begins, and nothing else. */
#define OPTIONS_TIMESTAMP_ONLY bpf_htonl(0x0101080a)

/* Kinds that some receiver takes for a client address; 28 is also RFC 5482's
 * user timeout, whose length differs. A Fast Open cookie is not forged, but one
 * that is bound to a SNAT address would be valid for everybody. */
static __always_inline bool option_forbidden(__u8 kind, __u8 len)
{
	switch (kind) {
	case 200:
	case 249:
	case 250:
	case 252:
	case 253:
	case 254:
	case OPT_FASTOPEN:
		return true;
	case 28:
		return len == TOA_V4_LEN || len == TOA_V6_LEN;
	default:
		return false;
	}
}

/* True when the options hold nothing to take away: none at all, or timestamps. */
static __always_inline bool options_plain(const struct tcphdr *tcp, const void *end)
{
	const __be32 *first = (const void *)(tcp + 1);

	if (tcp->doff == 5)
		return true;
	return tcp->doff == 8 && (const void *)(first + 3) <= end &&
	       *first == OPTIONS_TIMESTAMP_ONLY;
}

enum option_result { OPTION_READ, OPTIONS_END, OPTIONS_BAD };

struct option {
	__u8 kind;
	__u8 len;
	__u8 at; /* offset in the options */
};

static __always_inline volatile struct scratch *options_begin(const struct packet *pkt)
{
	volatile struct scratch *s = bpf_map_lookup_elem(&scratches, &zero);

	if (s) {
		s->at = 0;
		s->left = pkt->options_len;
	}
	return s;
}

/* Reads the option at the cursor and moves the cursor behind it. */
static __always_inline enum option_result
option_read(const struct packet *pkt, volatile struct scratch *s, struct option *opt)
{
	__u64 at = s->at, left = s->left;
	const __u8 *p = (const void *)(pkt->tcp + 1);

	if (!left || at >= OPTIONS_MAX)
		return OPTIONS_END;
	p += at;
	barrier_var(p); /* one pointer, so that one check covers both bytes */
	if ((const void *)(p + 1) > pkt->end)
		return OPTIONS_BAD;
	opt->kind = p[0];
	opt->len = 1;
	opt->at = at;
	if (opt->kind == OPT_EOL)
		return OPTIONS_END;
	if (opt->kind != OPT_NOP) {
		if (left < 2 || (const void *)(p + 2) > pkt->end)
			return OPTIONS_BAD;
		opt->len = p[1];
		if (opt->len < 2 || opt->len > left)
			return OPTIONS_BAD;
	}
	s->at = at + opt->len;
	s->left = left - opt->len;
	return OPTION_READ;
}

/* True when an option is forbidden, or the options cannot be parsed to their
 * end (a lenient receiver might find an address where a strict one stops). */
static __always_inline bool options_need_strip(const struct packet *pkt)
{
	volatile struct scratch *s = options_begin(pkt);
	struct option opt = {};
	__u32 i;

	if (!s)
		return true;
	for (i = 0; i < OPTIONS_MAX; i++) {
		switch (option_read(pkt, s, &opt)) {
		case OPTIONS_BAD:
			return true;
		case OPTIONS_END:
			return s->left > OPTIONS_PAD;
		case OPTION_READ:
			if (option_forbidden(opt.kind, opt.len))
				return true;
		}
	}
	return false;
}

/* Offset of the MSS value in the options, or -1. */
static __always_inline __s32 options_find_mss(const struct packet *pkt)
{
	volatile struct scratch *s = options_begin(pkt);
	struct option opt = {};
	__u32 i;

	if (!s)
		return -1;
	for (i = 0; i < OPTIONS_MAX; i++) {
		if (option_read(pkt, s, &opt) != OPTION_READ)
			return -1;
		if (opt.kind == OPT_MSS && opt.len == 4)
			return opt.at + 2;
	}
	return -1;
}

/* So that a segment with the option added still fits where one without did. */
static __always_inline void options_lower_mss(struct packet *pkt, __u16 by)
{
	__s64 at = options_find_mss(pkt);
	__be16 *field, before;
	__u16 mss, delta;

	barrier_var(at);
	if (at < 0 || at > OPTIONS_MAX - 2)
		return;
	field = (void *)(pkt->tcp + 1) + at;
	if ((void *)(field + 1) > pkt->end)
		return;
	__builtin_memcpy(&before, field, 2);
	mss = bpf_ntohs(before);
	if (mss <= by)
		return;
	*field = bpf_htons(mss - by);
	delta = csum_fold(csum_replace16(before, bpf_htons(mss - by)));
	if (at & 1) /* the value straddles two checksum words */
		delta = delta << 8 | delta >> 8;
	pkt->tcp->check = csum_apply(pkt->tcp->check, delta);
}

/* One option byte on its way from `before` to `after`. */
static __always_inline void strip_byte(struct scratch *s, __u32 i)
{
	__u32 total = s->found;
	__u8 kind, len;

	if (!s->left) { /* an option begins here */
		kind = s->before[i & 63];
		len = s->before[(i + 1) & 63];
		s->left = 1;
		s->blank = OPT_NOP + 1; /* copy */
		if (kind == OPT_EOL) {
			s->left = total - i;
			s->blank = s->left > OPTIONS_PAD ? OPT_NOP : OPT_EOL;
		} else if (kind != OPT_NOP) {
			if (i + 2 > total || len < 2 || i + len > total) {
				s->left = total - i;
				s->blank = OPT_NOP;
			} else {
				s->left = len;
				if (option_forbidden(kind, len))
					s->blank = OPT_NOP;
			}
		}
	}
	s->after[i & 63] = s->blank > OPT_NOP ? s->before[i & 63] : s->blank;
	s->left -= 1;
}

/* Blanks what options_need_strip() found, in place. */
static __always_inline enum drop_reason options_strip(struct packet *pkt)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &zero);
	__u32 *options = (void *)(pkt->tcp + 1);
	__u32 i, words = pkt->options_len / 4;
	__s64 sum;

	if (!s)
		return DROP_INTERNAL;
	__builtin_memset(s, 0, sizeof(*s));
	for (i = 0; i < OPTIONS_MAX / 4 && i < words; i++) {
		if ((void *)(options + i + 1) > pkt->end)
			return DROP_MALFORMED_TCP;
		((__u32 *)s->before)[i] = options[i];
	}
	s->found = pkt->options_len;
	for (i = 0; i < OPTIONS_MAX; i++) {
		if (i >= s->found)
			break;
		strip_byte(s, i);
	}
	for (i = 0; i < OPTIONS_MAX / 4 && i < words; i++) {
		if ((void *)(options + i + 1) > pkt->end)
			return DROP_MALFORMED_TCP;
		options[i] = ((__u32 *)s->after)[i];
	}
	sum = bpf_csum_diff((void *)s->before, OPTIONS_MAX, (void *)s->after, OPTIONS_MAX, 0);
	if (sum < 0)
		return DROP_INTERNAL;
	pkt->tcp->check = csum_apply(pkt->tcp->check, csum_fold(sum));
	return DROP_NONE;
}

/* The option as it goes on the wire. */
struct toa4 {
	__u8 kind;
	__u8 len;
	__be16 port;
	__be32 addr;
};

/*
 * Moves the headers in front of the options TOA_V4_LEN bytes towards the head
 * and writes the option into the gap, so that it is the first one. The packet's
 * pointers are void afterwards. Checksums are right for the new packet.
 */
static __always_inline enum drop_reason options_insert_toa4(struct xdp_md *ctx, __u32 ip_len,
							    __u8 kind, __be32 addr, __be16 port)
{
	struct toa4 option = {.kind = kind, .len = TOA_V4_LEN, .port = port, .addr = addr};
	__u32 chunks = (sizeof(struct ethhdr) + sizeof(struct tcphdr) + ip_len) / 2, i;
	__be16 *words = (void *)&option, before;
	struct tcphdr *tcp;
	struct iphdr *ip;
	void *data, *end;
	__u64 sum;

	if (bpf_xdp_adjust_head(ctx, -TOA_V4_LEN))
		return DROP_NO_HEADROOM;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (ip_len == sizeof(struct iphdr)) { /* 54 bytes, the usual case, without a loop */
		if (data + 54 + TOA_V4_LEN > end)
			return DROP_INTERNAL;
#pragma unroll
		for (i = 0; i < 6; i++)
			((__u64 *)data)[i] = ((__u64 *)data)[i + 1];
		*(__u32 *)(data + 48) = *(__u32 *)(data + 56);
		*(__u16 *)(data + 52) = *(__u16 *)(data + 60);
	} else {
		for (i = 0; i < (14 + 60 + 20) / 2 && i < chunks; i++) {
			__u16 *to = data + 2 * i;

			if ((void *)(to + TOA_V4_LEN / 2 + 1) > end)
				return DROP_INTERNAL;
			*to = to[TOA_V4_LEN / 2];
		}
	}
	ip = data + sizeof(struct ethhdr);
	tcp = (void *)ip + (ip_len & 63);
	if ((void *)(ip + 1) > end || (void *)(tcp + 1) + TOA_V4_LEN > end)
		return DROP_INTERNAL;
	__builtin_memcpy(tcp + 1, &option, sizeof(option));

	before = ip->tot_len;
	ip->tot_len = bpf_htons(bpf_ntohs(before) + TOA_V4_LEN);
	ip->check = csum_apply(ip->check, csum_fold(csum_replace16(before, ip->tot_len)));

	/* Option, data offset, and the pseudo-header's length. */
	tcp->doff += TOA_V4_LEN / 4;
	sum = (__u64)words[0] + words[1] + words[2] + words[3] + bpf_htons(TOA_V4_LEN / 4 << 12) +
	      bpf_htons(TOA_V4_LEN);
	tcp->check = csum_apply(tcp->check, csum_fold(sum));
	return DROP_NONE;
}

#endif
