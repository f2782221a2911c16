/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SNAT ports: a free source address and port towards a member, in constant time
 * at any occupancy. docs/snat-ports.md has the picture.
 *
 * Per destination (member address, port, protocol) a tree of bitmaps: SNAT
 * addresses not exhausted -> their chunks not full -> words not full -> a free
 * bit. Chunks (4,032 ports) come into being when first needed.
 *
 * A chunk's lock makes taking and giving back a port exact. The summary above a
 * chunk is corrected under the destination's lock from what the chunk says at
 * that moment, after every change of fullness: whoever comes last writes the
 * truth. No function may be called under a lock, hence the plain arithmetic.
 */
#ifndef CLEARNAT_SNAT_H
#define CLEARNAT_SNAT_H

#include "bits.h"
#include "maps.h"

#define CHUNK_FULL ((1ull << CHUNK_WORDS) - 1)
#define SNAT_TRIES 4

struct snat_port {
	__be32 addr;
	__u16 snat;
	__u16 port; /* host order */
};

/* An empty chunk, all zero. In read-only data because it is larger than the stack. */
const volatile __u8 empty_chunk[sizeof(struct snat_chunk)] = {};

static __always_inline struct snat_chunk *chunk_get(const struct chunk_key *key)
{
	struct snat_chunk *chunk = bpf_map_lookup_elem(&snat_chunks, key);

	if (chunk)
		return chunk;
	bpf_map_update_elem(&snat_chunks, key, (const void *)empty_chunk, BPF_NOEXIST);
	return bpf_map_lookup_elem(&snat_chunks, key);
}

/* Tells the levels above whether this chunk has a free port. */
static __always_inline void chunk_summarise(struct dest *dest, const struct chunk_key *key,
					    const struct snat_chunk *chunk)
{
	__u64 snat = key->snat & (MAX_SNAT - 1);
	__u16 bit = 1 << (key->chunk & (CHUNKS - 1));
	__u64 snat_bit = 1ull << (snat & 63);
	__u64 word = snat >> 6;

	bpf_spin_lock(&dest->lock);
	if (chunk->full_words == CHUNK_FULL)
		dest->full[snat] |= bit;
	else
		dest->full[snat] &= ~bit;
	if (dest->full[snat] == 0xffff)
		dest->exhausted[word] |= snat_bit;
	else
		dest->exhausted[word] &= ~snat_bit;
	bpf_spin_unlock(&dest->lock);
}

/* Bit index of a port taken from the chunk, or -1. */
static __always_inline __s32 chunk_take(struct snat_chunk *chunk)
{
	__u64 free, ahead, word;
	__u32 bit;
	__s32 taken = -1;

	bpf_spin_lock(&chunk->lock);
	free = ~chunk->full_words & CHUNK_FULL;
	if (free) {
		bit = chunk->next & 63;
		word = chunk->next >> 6;
		barrier_var(word); /* keeps the comparisons the verifier needs */
		/* First the rest of the word where the last search ended ... */
		ahead = word < CHUNK_WORDS ? ~chunk->used[word] & (~0ull << bit) : 0;
		if (!ahead) {
			/* ... then the words after it, then from the start. */
			ahead = free & (~1ull << (word & 63));
			word = lowest_bit(ahead ? ahead : free);
			barrier_var(word);
			ahead = word < CHUNK_WORDS ? ~chunk->used[word] : 0;
		}
		if (ahead && word < CHUNK_WORDS) {
			bit = lowest_bit(ahead);
			chunk->used[word] |= 1ull << bit;
			if (chunk->used[word] == ~0ull)
				chunk->full_words |= 1ull << word;
			taken = word * 64 + bit;
			chunk->next = taken + 1;
		}
	}
	bpf_spin_unlock(&chunk->lock);
	return taken;
}

/* SNAT index with a free port towards dest, or -1. */
static __always_inline __s32 snat_pick(const struct dest *dest, const struct snat_set *set)
{
	__u32 i;

#pragma unroll
	for (i = 0; i < MAX_SNAT / 64; i++) {
		__u64 usable = set->mask4[i] & ~dest->exhausted[i];

		if (usable)
			return i * 64 + lowest_bit(usable);
	}
	return -1;
}

/* Takes a port. Fails with SNAT_EXHAUSTED only when every port is in use. */
static __always_inline enum drop_reason snat_take(__u32 dest_id, __u32 set_id,
						  struct snat_port *out)
{
	struct dest *dest = bpf_map_lookup_elem(&dests, &dest_id);
	const struct snat_set *set = bpf_map_lookup_elem(&snat_sets, &set_id);
	const struct snat_addr *addr;
	struct snat_chunk *chunk;
	__u32 snat, try;
	__s32 found;

	if (!dest || !set)
		return DROP_INTERNAL;
	for (try = 0; try < SNAT_TRIES; try++) {
		struct chunk_key key = {.dest = dest_id};

		found = snat_pick(dest, set);
		if (found < 0)
			return DROP_SNAT_EXHAUSTED;
		barrier_var(found); /* keeps the mask, which a clever compiler finds needless */
		snat = found & (MAX_SNAT - 1);
		key.snat = snat;
		key.chunk = lowest_bit((__u16)~dest->full[snat]) & (CHUNKS - 1);
		chunk = chunk_get(&key);
		if (!chunk)
			return DROP_SNAT_EXHAUSTED; /* no memory for another chunk */
		found = chunk_take(chunk);
		if (found < 0 || chunk->full_words == CHUNK_FULL)
			chunk_summarise(dest, &key, chunk);
		if (found < 0)
			continue; /* another CPU took the last one */
		addr = bpf_map_lookup_elem(&snat_addrs, &snat);
		if (!addr)
			return DROP_INTERNAL;
		__builtin_memcpy(&out->addr, addr->addr + 12, sizeof(out->addr));
		out->snat = snat;
		out->port = SNAT_FIRST_PORT + key.chunk * CHUNK_PORTS + found;
		return DROP_NONE;
	}
	return DROP_SNAT_EXHAUSTED;
}

static __always_inline void snat_give(__u32 dest_id, __u32 snat, __u32 port)
{
	struct dest *dest = bpf_map_lookup_elem(&dests, &dest_id);
	__u32 offset = port - SNAT_FIRST_PORT;
	struct chunk_key key = {
		.dest = dest_id,
		.snat = snat,
		.chunk = offset / CHUNK_PORTS,
	};
	__u64 word = offset % CHUNK_PORTS / 64;
	struct snat_chunk *chunk;
	bool was_full;

	barrier_var(word); /* or the compiler drops the check that the verifier needs */
	if (!dest || port < SNAT_FIRST_PORT || word >= CHUNK_WORDS)
		return;
	chunk = bpf_map_lookup_elem(&snat_chunks, &key);
	if (!chunk)
		return;
	bpf_spin_lock(&chunk->lock);
	was_full = chunk->full_words == CHUNK_FULL;
	barrier_var(word); /* before 5.16 a spilled number has lost its bounds: mask at the use */
	word &= 63;
	chunk->used[word] &= ~(1ull << (offset % CHUNK_PORTS & 63));
	chunk->full_words &= ~(1ull << word);
	bpf_spin_unlock(&chunk->lock);
	if (was_full)
		chunk_summarise(dest, &key, chunk);
}

#endif
