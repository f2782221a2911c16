// SPDX-License-Identifier: Apache-2.0
/*
 * A set of fixed-size keys, to drop repetitions from a walk over a map that
 * changes: get_next_key starts again at the first key when its own is gone.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clearnat.h"

struct cn_keyset {
	uint32_t key_size;
	uint32_t count;
	uint32_t slots; /* power of two */
	uint8_t *used;
	uint8_t *keys;
};

static uint64_t hash_key(const uint8_t *key, uint32_t len)
{
	uint64_t h = 14695981039346656037ULL; /* FNV-1a */

	while (len--)
		h = (h ^ *key++) * 1099511628211ULL;
	return h ^ h >> 32;
}

static int allocate(struct cn_keyset *set, uint32_t slots)
{
	set->slots = slots;
	set->used = calloc(slots, 1);
	set->keys = malloc((size_t)slots * set->key_size);
	return set->used && set->keys ? 0 : -ENOMEM;
}

/* The slot that holds key, or the free one where it belongs. */
static uint32_t find_slot(const struct cn_keyset *set, const uint8_t *key)
{
	uint32_t i = (uint32_t)hash_key(key, set->key_size) & (set->slots - 1);

	while (set->used[i] && memcmp(set->keys + (size_t)i * set->key_size, key, set->key_size))
		i = (i + 1) & (set->slots - 1);
	return i;
}

static bool insert(struct cn_keyset *set, const uint8_t *key)
{
	uint32_t i = find_slot(set, key);

	if (set->used[i])
		return false;
	set->used[i] = 1;
	memcpy(set->keys + (size_t)i * set->key_size, key, set->key_size);
	set->count++;
	return true;
}

static int grow(struct cn_keyset *set)
{
	struct cn_keyset old = *set;
	uint32_t i;

	set->count = 0;
	if (allocate(set, old.slots * 2)) {
		free(set->used);
		free(set->keys);
		*set = old;
		return -ENOMEM;
	}
	for (i = 0; i < old.slots; i++)
		if (old.used[i])
			insert(set, old.keys + (size_t)i * old.key_size);
	free(old.used);
	free(old.keys);
	return 0;
}

struct cn_keyset *cn_keyset_new(uint32_t key_size)
{
	struct cn_keyset *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->key_size = key_size;
	if (allocate(set, 1024)) {
		cn_keyset_free(set);
		return NULL;
	}
	return set;
}

int cn_keyset_add(struct cn_keyset *set, const void *key)
{
	if (set->count >= set->slots / 2 && grow(set))
		return -ENOMEM;
	return insert(set, key);
}

void cn_keyset_free(struct cn_keyset *set)
{
	if (!set)
		return;
	free(set->used);
	free(set->keys);
	free(set);
}
