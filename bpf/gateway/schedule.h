/* SPDX-License-Identifier: GPL-2.0 */
/* Choice of the member for a new connection. The daemon has already turned
 * weights and health into an order (src/control/schedule.ts); here it is walked. */
#ifndef CLEARNAT_SCHEDULE_H
#define CLEARNAT_SCHEDULE_H

#include "maps.h"

/* Members that went down since the order was made are skipped this often. */
#define PICK_TRIES 8

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

static __always_inline const struct member *member_pick(__u32 pool_id, __u32 *member_id)
{
	struct pool *pool = bpf_map_lookup_elem(&pools, &pool_id);
	const struct member *member;
	const __u32 *id;
	__u32 slot, try;
	__s64 next;

	if (!pool)
		return NULL;
	for (try = 0; try < PICK_TRIES; try++) {
		next = pool_next(pool);
		if (next < 0)
			return NULL;
		slot = next;
		id = bpf_map_lookup_elem(&schedule, &slot);
		if (!id)
			return NULL;
		*member_id = *id;
		member = bpf_map_lookup_elem(&members, member_id);
		if (member && (member->flags & (MEMBER_UP | MEMBER_DRAINING)) == MEMBER_UP)
			return member;
	}
	return NULL;
}

#endif
