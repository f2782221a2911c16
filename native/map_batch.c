// SPDX-License-Identifier: Apache-2.0
/*
 * Whole maps and long lists of entries. Hash maps are read bucket by bucket
 * with BPF_MAP_LOOKUP_BATCH: each entry that is there all the time is returned
 * exactly once, whatever happens to its neighbours. Other maps, and kernels
 * without batches for them, are walked key by key.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clearnat.h"

#define BATCH	 4096
#define ENOTSUPP 524 /* the kernel's, unknown to libc */

static bool no_batch(int err)
{
	return err == -ENOTSUPP || err == -EINVAL || err == -EOPNOTSUPP || err == -ENOSYS;
}

static bool is_hash(uint32_t type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_LRU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* ---- growing result ------------------------------------------------------ */

struct room {
	struct cn_entries *out;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t size; /* entries that fit */
};

static int resize(struct room *room, uint32_t size)
{
	size_t bytes = size ? size : 1;
	void *keys = realloc(room->out->keys, bytes * room->key_size);

	if (!keys)
		return -ENOMEM;
	room->out->keys = keys;
	keys = realloc(room->out->values, bytes * room->value_size);
	if (!keys)
		return -ENOMEM;
	room->out->values = keys;
	room->size = size;
	return 0;
}

static int reserve(struct room *room, uint32_t more)
{
	uint32_t need = room->out->count + more;
	uint32_t size = room->size;

	if (need <= size)
		return 0;
	while (size < need)
		size = size ? size + size / 2 : BATCH;
	return resize(room, size);
}

static uint8_t *next_key(const struct room *room)
{
	return room->out->keys + (size_t)room->out->count * room->key_size;
}

static uint8_t *next_value(const struct room *room)
{
	return room->out->values + (size_t)room->out->count * room->value_size;
}

/* ---- reading ------------------------------------------------------------- */

/* token: room for two positions, each of which may be a key. */
static int read_batches(int fd, struct room *room, uint8_t *token, uint32_t token_size)
{
	uint8_t *in = NULL, *out = token, *swap = token + token_size;
	uint32_t want = BATCH, count;
	int err;

	for (;;) {
		if (reserve(room, want))
			return -ENOMEM;
		count = want;
		err = bpf_map_lookup_batch(fd, in, out, next_key(room), next_value(room), &count,
					   NULL);
		if (err == -ENOSPC) { /* a bucket is larger than the room */
			want *= 2;
			continue;
		}
		if (err && err != -ENOENT)
			return err;
		room->out->count += count;
		if (err)
			return 0;
		in = out;
		out = swap;
		swap = in;
	}
}

static int walk_step(int fd, struct room *room, struct cn_keyset *seen, const uint8_t *key)
{
	int err = cn_keyset_add(seen, key);

	if (err <= 0)
		return err;
	if (reserve(room, 1))
		return -ENOMEM;
	memcpy(next_key(room), key, room->key_size);
	err = bpf_map_lookup_elem(fd, key, next_value(room));
	if (!err)
		room->out->count++;
	return err == -ENOENT ? 0 : err;
}

/* keys: room for two. A walk that keeps being sent back to the start ends when
 * it has taken twice as many steps as the map can have entries. */
static int read_walking(int fd, struct room *room, uint8_t *keys, uint32_t max_entries)
{
	struct cn_keyset *seen = cn_keyset_new(room->key_size);
	uint64_t steps = 2 * (uint64_t)max_entries + 1;
	uint8_t *prev = NULL, *key = keys, *swap = keys + room->key_size;
	int err = seen ? 0 : -ENOMEM;

	while (!err && steps--) {
		err = bpf_map_get_next_key(fd, prev, key);
		if (err)
			break;
		err = walk_step(fd, room, seen, key);
		prev = key;
		key = swap;
		swap = prev;
	}
	cn_keyset_free(seen);
	return err == -ENOENT ? 0 : err;
}

int cn_map_entries(int fd, const struct cn_map_info *info, struct cn_entries *out,
		   struct cn_error *e)
{
	uint32_t token_size = info->key_size > 8 ? info->key_size : 8;
	struct room room = {
		.out = out, .key_size = info->key_size, .value_size = info->io_value_size};
	uint8_t *token = calloc(2, token_size);
	int err = -ENOTSUPP;

	*out = (struct cn_entries){0};
	if (!token)
		return cn_fail(e, ENOMEM, "BPF_MAP_LOOKUP_BATCH", "map %s", info->name);
	if (is_hash(info->type) || info->type == BPF_MAP_TYPE_ARRAY)
		err = read_batches(fd, &room, token, token_size);
	if (no_batch(err) && !out->count)
		err = read_walking(fd, &room, token, info->max_entries);
	free(token);
	if (!err)
		err = resize(&room, out->count);
	if (!err)
		return 0;
	free(out->keys);
	free(out->values);
	*out = (struct cn_entries){0};
	return cn_fail(e, err, "BPF_MAP_LOOKUP_BATCH", "map %s", info->name);
}

/* ---- writing ------------------------------------------------------------- */

static int update_walking(int fd, const struct cn_map_info *info, const uint8_t *keys,
			  const uint8_t *values, uint32_t count, uint64_t flags, struct cn_error *e)
{
	uint32_t i;
	int err;

	for (i = 0; i < count; i++) {
		err = bpf_map_update_elem(fd, keys + (size_t)i * info->key_size,
					  values + (size_t)i * info->io_value_size, flags);
		if (err)
			return cn_fail(e, err, "BPF_MAP_UPDATE_ELEM", "entry %u of %u, map %s", i,
				       count, info->name);
	}
	return 0;
}

int cn_map_update_many(int fd, const struct cn_map_info *info, const uint8_t *keys,
		       const uint8_t *values, uint32_t count, uint64_t flags, struct cn_error *e)
{
	uint32_t done = 0, n;
	int err = 0;

	/* Old kernels refuse element flags in a batch. */
	if (flags)
		return update_walking(fd, info, keys, values, count, flags, e);
	while (done < count && !err) {
		n = count - done > BATCH ? BATCH : count - done;
		err = bpf_map_update_batch(fd, keys + (size_t)done * info->key_size,
					   values + (size_t)done * info->io_value_size, &n, NULL);
		if (!done && no_batch(err))
			return update_walking(fd, info, keys, values, count, flags, e);
		done += n;
	}
	return err ? cn_fail(e, err, "BPF_MAP_UPDATE_BATCH", "entry %u of %u, map %s", done, count,
			     info->name)
		   : 0;
}

static int delete_walking(int fd, const struct cn_map_info *info, const uint8_t *keys,
			  uint32_t count, struct cn_error *e)
{
	int err, deleted = 0;
	uint32_t i;

	for (i = 0; i < count; i++) {
		err = bpf_map_delete_elem(fd, keys + (size_t)i * info->key_size);
		if (err && err != -ENOENT)
			return cn_fail(e, err, "BPF_MAP_DELETE_ELEM", "entry %u of %u, map %s", i,
				       count, info->name);
		deleted += !err;
	}
	return deleted;
}

int cn_map_delete_many(int fd, const struct cn_map_info *info, const uint8_t *keys, uint32_t count,
		       struct cn_error *e)
{
	uint32_t done = 0, n;
	int err, deleted = 0;

	while (done < count) {
		n = count - done > BATCH ? BATCH : count - done;
		err = bpf_map_delete_batch(fd, keys + (size_t)done * info->key_size, &n, NULL);
		if (!done && no_batch(err))
			return delete_walking(fd, info, keys, count, e);
		if (err && err != -ENOENT)
			return cn_fail(e, err, "BPF_MAP_DELETE_BATCH", "entry %u of %u, map %s",
				       done + n, count, info->name);
		deleted += (int)n;
		/* A batch stops at the first key that is not there. */
		done += n + (err == -ENOENT);
	}
	return deleted;
}
