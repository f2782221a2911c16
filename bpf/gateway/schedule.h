/* SPDX-License-Identifier: GPL-2.0 */
/* Choice of the member for a new connection. The daemon has already turned
 * weights and health into an order (src/control/schedule.ts); here it is walked. */
#ifndef CLEARNAT_SCHEDULE_H
#define CLEARNAT_SCHEDULE_H

#include <bpf/bpf_endian.h>

#include "maps.h"

/* Members that went down since the order was made are skipped this often. */
#define PICK_TRIES    8
/* Members that LEAST_CONNECTIONS compares. */
#define LEAST_MEMBERS 256

/* Next slot of a pool's order, or -1 when it is empty. Exact over all CPUs. */
static __always_inline __s64 pool_next(struct pool *pool)
{
	__s64 slot = -1;
	__u32 cursor;

	bpf_spin_lock(&pool->lock);
	if (pool->schedule_len) {
		cursor = pool->cursor < pool->schedule_len ? pool->cursor : 0;
		slot = (__u64)pool->schedule + cursor;
		pool->cursor = cursor + 1;
	}
	bpf_spin_unlock(&pool->lock);
	return slot;
}

static __always_inline bool member_usable(const struct member *member)
{
	return member && (member->flags & (MEMBER_UP | MEMBER_DRAINING)) == MEMBER_UP;
}

/* Spreads addresses evenly over a table; the same on every gateway, so that all
 * of them send a client to the same member. (A 32-bit finaliser of murmur3's kind.) */
static __always_inline __u32 address_hash(__u32 addr)
{
	addr ^= addr >> 16;
	addr *= 0x85ebca6b;
	addr ^= addr >> 13;
	addr *= 0xc2b2ae35;
	return addr ^ addr >> 16;
}

/* A client's own slot of the pool's table. */
static __always_inline __s64 pool_slot_of(struct pool *pool, __be32 client)
{
	__u32 first, len;

	bpf_spin_lock(&pool->lock);
	first = pool->schedule;
	len = pool->schedule_len;
	bpf_spin_unlock(&pool->lock);
	return len ? (__s64)first + address_hash(bpf_ntohl(client)) % len : -1;
}

/* The slot of the member with the fewest active connections for its weight, or
 * -1. Of equals the first one is taken. */
static __always_inline __s64 pool_least(struct pool *pool)
{
	__u64 best_active = 0, best_weight = 0, active, weight;
	const struct conn_count *conns;
	const struct member *member;
	__u32 first, len, i, slot;
	const __u32 *id;
	__s64 best = -1;

	bpf_spin_lock(&pool->lock);
	first = pool->schedule;
	len = pool->schedule_len;
	bpf_spin_unlock(&pool->lock);
	for (i = 0; i < LEAST_MEMBERS && i < len; i++) {
		slot = first + i;
		id = bpf_map_lookup_elem(&schedule, &slot);
		if (!id)
			break;
		member = bpf_map_lookup_elem(&members, id);
		conns = bpf_map_lookup_elem(&member_conns, id);
		if (!conns || !member_usable(member) || !member->weight)
			continue;
		active = conns->active;
		weight = member->weight;
		/* active / weight < best_active / best_weight, without dividing */
		if (best >= 0 && active * best_weight >= best_active * weight)
			continue;
		best = slot;
		best_active = active;
		best_weight = weight;
	}
	return best;
}

static __always_inline const struct member *member_at(__s64 at, __u32 *member_id)
{
	const struct member *member;
	const __u32 *id;
	__u32 slot = at;

	if (at < 0)
		return NULL;
	id = bpf_map_lookup_elem(&schedule, &slot);
	if (!id)
		return NULL;
	*member_id = *id;
	member = bpf_map_lookup_elem(&members, member_id);
	return member_usable(member) ? member : NULL;
}

static __always_inline const struct member *member_pick(__u32 pool_id, __be32 client,
							__u32 *member_id)
{
	struct pool *pool = bpf_map_lookup_elem(&pools, &pool_id);
	const struct member *member;
	__s64 next;
	__u32 try;

	if (!pool)
		return NULL;
	if (pool->algorithm == LB_LEAST_CONNECTIONS)
		return member_at(pool_least(pool), member_id);
	if (pool->algorithm == LB_SOURCE_IP) {
		member = member_at(pool_slot_of(pool, client), member_id);
		if (member)
			return member;
	}
	for (try = 0; try < PICK_TRIES; try++) {
		next = pool_next(pool);
		if (next < 0)
			return NULL;
		member = member_at(next, member_id);
		if (member)
			return member;
	}
	return NULL;
}

#endif
