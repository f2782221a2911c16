// SPDX-License-Identifier: GPL-2.0
/*
 * Client addresses keyed by socket. An entry is made while its socket is locked for
 * the first time and removed when TCP destroys it, so that a lookup by somebody who
 * holds the socket never meets another socket's entry; sk_hash, made from the
 * connection's addresses and ports, would tell even then.
 */
#include <linux/hash.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "toa.h"

enum { BUCKET_BITS = 16, LOCK_BITS = 8 };

struct entry {
	struct entry __rcu *next;
	const struct sock *sk;
	unsigned int hash; /* sk_hash when it was made */
	struct toa_client client;
	struct rcu_head rcu;
};

static struct entry __rcu **buckets;
static raw_spinlock_t locks[1 << LOCK_BITS]; /* bucket i: lock i mod their number */
static struct kmem_cache *cache;
static atomic_t entries;

static unsigned int bucket_of(const struct sock *sk)
{
	return hash_ptr((void *)sk, BUCKET_BITS);
}

static raw_spinlock_t *lock_of(unsigned int bucket)
{
	return &locks[bucket & ((1 << LOCK_BITS) - 1)];
}

static void free_entry(struct rcu_head *rcu)
{
	kmem_cache_free(cache, container_of(rcu, struct entry, rcu));
}

/* Takes SK's entry out of its bucket, whose lock is held. */
static struct entry *unlink_entry(unsigned int bucket, const struct sock *sk)
{
	struct entry __rcu **at = &buckets[bucket];
	struct entry *entry;

	while ((entry = rcu_dereference_protected(*at, 1)) != NULL) {
		if (entry->sk == sk) {
			rcu_assign_pointer(*at, rcu_dereference_protected(entry->next, 1));
			return entry;
		}
		at = &entry->next;
	}
	return NULL;
}

static void release(struct entry *entry)
{
	if (!entry)
		return;
	atomic_dec(&entries);
	call_rcu(&entry->rcu, free_entry);
}

bool toa_table_set(const struct sock *sk, const struct toa_client *client)
{
	struct entry *entry = kmem_cache_alloc(cache, GFP_ATOMIC | __GFP_NOWARN);
	unsigned int bucket = bucket_of(sk);
	struct entry *old;
	unsigned long flags;

	if (!entry)
		return false;
	entry->sk = sk;
	entry->hash = sk->sk_hash;
	entry->client = *client;
	/* Interrupts off: a softirq may come here while a process is here. */
	raw_spin_lock_irqsave(lock_of(bucket), flags);
	old = unlink_entry(bucket, sk);
	RCU_INIT_POINTER(entry->next, rcu_dereference_protected(buckets[bucket], 1));
	rcu_assign_pointer(buckets[bucket], entry);
	raw_spin_unlock_irqrestore(lock_of(bucket), flags);
	atomic_inc(&entries);
	release(old);
	return true;
}

bool toa_table_get(const struct sock *sk, struct toa_client *client)
{
	const struct entry *entry;
	bool found = false;

	if (!atomic_read(&entries))
		return false;
	rcu_read_lock();
	for (entry = rcu_dereference(buckets[bucket_of(sk)]); entry;
	     entry = rcu_dereference(entry->next)) {
		if (entry->sk != sk || entry->hash != sk->sk_hash)
			continue;
		*client = entry->client;
		found = true;
		break;
	}
	rcu_read_unlock();
	return found;
}

void toa_table_forget(const struct sock *sk)
{
	unsigned int bucket = bucket_of(sk);
	struct entry *entry;
	unsigned long flags;

	if (!rcu_access_pointer(buckets[bucket]))
		return;
	raw_spin_lock_irqsave(lock_of(bucket), flags);
	entry = unlink_entry(bucket, sk);
	raw_spin_unlock_irqrestore(lock_of(bucket), flags);
	release(entry);
}

void toa_table_show(struct seq_file *seq)
{
	seq_printf(seq, "entries %d\nbytes_per_entry %u\n", atomic_read(&entries),
		   kmem_cache_size(cache));
}

int toa_table_init(void)
{
	size_t size = sizeof(*buckets) << BUCKET_BITS;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(locks); i++)
		raw_spin_lock_init(&locks[i]);
	buckets = vmalloc(size);
	if (!buckets)
		return -ENOMEM;
	memset(buckets, 0, size);
	cache = kmem_cache_create("clearnat_toa", sizeof(struct entry), 0, 0, NULL);
	if (!cache) {
		vfree(buckets);
		return -ENOMEM;
	}
	return 0;
}

/* Nothing is hooked any more. */
void toa_table_exit(void)
{
	unsigned int i;

	synchronize_rcu();
	for (i = 0; i < 1 << BUCKET_BITS; i++) {
		struct entry *entry = rcu_dereference_protected(buckets[i], 1), *next;

		for (; entry; entry = next) {
			next = rcu_dereference_protected(entry->next, 1);
			kmem_cache_free(cache, entry);
		}
	}
	rcu_barrier();
	kmem_cache_destroy(cache);
	vfree(buckets);
}
