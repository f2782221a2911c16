// SPDX-License-Identifier: GPL-2.0
/*
 * Module parameters, all of them changeable in /sys/module/toa/parameters:
 *
 *   trust      prefixes separated by commas; "+PREFIX" adds one, "-PREFIX" removes one
 *   trust_any  believe every source
 *   kinds      254,200,253,28
 *
 * Readers take what an RCU pointer shows; a writer builds a new list.
 */
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "toa.h"

enum { TRUST_MAX = 256, PREFIX_TEXT = 64, MAPPED_BITS = 96 };

struct prefix {
	struct in6_addr addr;
	u8 length;
};

struct trust_list {
	unsigned int count;
	struct prefix prefixes[];
};

static DEFINE_MUTEX(trust_mutex); /* of writers */
static struct trust_list __rcu *trust_list;
static bool trust_any;

static u8 kind_list[TOA_KINDS_MAX] = {254, 200, 253, 28};

/* ---- reading ---- */

static bool prefix_covers(const struct prefix *prefix, const struct in6_addr *addr)
{
	unsigned int bytes = prefix->length / 8, bits = prefix->length % 8;
	u8 mask = 0xff00 >> bits;

	if (memcmp(&prefix->addr, addr, bytes))
		return false;
	return !bits || !((prefix->addr.s6_addr[bytes] ^ addr->s6_addr[bytes]) & mask);
}

bool toa_trusted(const struct in6_addr *source)
{
	const struct trust_list *list;
	bool found = false;
	unsigned int i;

	if (READ_ONCE(trust_any))
		return true;
	rcu_read_lock();
	list = rcu_dereference(trust_list);
	for (i = 0; list && i < list->count && !found; i++)
		found = prefix_covers(&list->prefixes[i], source);
	rcu_read_unlock();
	return found;
}

const u8 *toa_kinds(void)
{
	return kind_list;
}

/* ---- text ---- */

static int parse_number(const char *text, unsigned int max, unsigned int *number)
{
	unsigned int value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (*text - '0');
		if (value > max)
			return -EINVAL;
	}
	*number = value;
	return 0;
}

static bool has_host_bits(const struct prefix *prefix)
{
	unsigned int i;

	for (i = prefix->length; i < 128; i++)
		if (prefix->addr.s6_addr[i / 8] & (0x80 >> (i % 8)))
			return true;
	return false;
}

/* TEXT is changed. */
static int parse_prefix(char *text, struct prefix *prefix)
{
	char *slash = strchr(text, '/');
	unsigned int max = 128, length;
	const char *end;

	memset(prefix, 0, sizeof(*prefix));
	if (slash)
		*slash = '\0';
	if (in4_pton(text, -1, prefix->addr.s6_addr + 12, -1, &end) && !*end) {
		prefix->addr.s6_addr[10] = 0xff;
		prefix->addr.s6_addr[11] = 0xff;
		max = 32;
	} else if (!in6_pton(text, -1, prefix->addr.s6_addr, -1, &end) || *end) {
		return -EINVAL;
	}
	length = max;
	if (slash && parse_number(slash + 1, max, &length))
		return -EINVAL;
	prefix->length = length + (max == 32 ? MAPPED_BITS : 0);
	return has_host_bits(prefix) ? -EINVAL : 0;
}

static bool is_mapped(const struct prefix *prefix)
{
	return prefix->length >= MAPPED_BITS && ipv6_addr_v4mapped(&prefix->addr);
}

static int format_prefix(const struct prefix *prefix, char *out, size_t size)
{
	if (is_mapped(prefix))
		return scnprintf(out, size, "%pI4/%u", prefix->addr.s6_addr + 12,
				 prefix->length - MAPPED_BITS);
	return scnprintf(out, size, "%pI6c/%u", &prefix->addr, prefix->length);
}

/* ---- writing ---- */

static struct trust_list *new_list(unsigned int room)
{
	size_t size = sizeof(struct trust_list) + room * sizeof(struct prefix);

	return kzalloc(size, GFP_KERNEL);
}

static struct trust_list *current_list(void)
{
	return rcu_dereference_protected(trust_list, lockdep_is_held(&trust_mutex));
}

static void publish(struct trust_list *fresh)
{
	struct trust_list *old = current_list();

	rcu_assign_pointer(trust_list, fresh);
	synchronize_rcu();
	kfree(old);
}

/* Words of TEXT into LIST, which has room for TRUST_MAX. */
static int parse_list(char *text, struct trust_list *list)
{
	char *word;

	while ((word = strsep(&text, ", \n")) != NULL) {
		char shown[PREFIX_TEXT];

		if (!*word)
			continue;
		snprintf(shown, sizeof(shown), "%s", word);
		if (list->count == TRUST_MAX) {
			pr_err("trust: expected at most %d prefixes\n", TRUST_MAX);
			return -ENOSPC;
		}
		if (parse_prefix(word, &list->prefixes[list->count])) {
			pr_err("trust: expected an address or a prefix without host bits, such as 10.0.1.0/24, got '%s'\n",
			       shown);
			return -EINVAL;
		}
		list->count++;
	}
	return 0;
}

static bool same(const struct prefix *a, const struct prefix *b)
{
	return a->length == b->length && !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

/* Copies OLD to FRESH without the prefixes in CHANGE; returns how many were left out. */
static unsigned int copy_without(struct trust_list *fresh, const struct trust_list *old,
				 const struct trust_list *change)
{
	unsigned int i, j, left_out = 0;

	for (i = 0; old && i < old->count; i++) {
		for (j = 0; j < change->count; j++)
			if (same(&old->prefixes[i], &change->prefixes[j]))
				break;
		if (j < change->count)
			left_out++;
		else
			fresh->prefixes[fresh->count++] = old->prefixes[i];
	}
	return left_out;
}

/* "+" and "-": the list that is in force, changed. */
static int edit_list(char sign, struct trust_list *change, struct trust_list *fresh)
{
	unsigned int i, left_out = copy_without(fresh, current_list(), change);

	if (sign == '-')
		return left_out == change->count ? 0 : -ENOENT;
	if (fresh->count + change->count > TRUST_MAX)
		return -ENOSPC;
	for (i = 0; i < change->count; i++)
		fresh->prefixes[fresh->count++] = change->prefixes[i];
	return 0;
}

static int store_trust(char *text)
{
	char sign = *text == '+' || *text == '-' ? *text++ : '=';
	struct trust_list *named = new_list(TRUST_MAX);
	struct trust_list *fresh = new_list(TRUST_MAX);
	int err = named && fresh ? parse_list(text, named) : -ENOMEM;

	if (!err && sign == '=') {
		swap(named, fresh);
	} else if (!err) {
		err = edit_list(sign, named, fresh);
	}
	if (!err) {
		publish(fresh);
		fresh = NULL;
	}
	kfree(named);
	kfree(fresh);
	return err;
}

static int set_trust(const char *value, toa_param_t *param)
{
	char *text = kstrdup(value, GFP_KERNEL);
	int err;

	if (!text)
		return -ENOMEM;
	mutex_lock(&trust_mutex);
	err = store_trust(text);
	mutex_unlock(&trust_mutex);
	kfree(text);
	return err;
}

static int get_trust(char *buffer, toa_param_t *param)
{
	const struct trust_list *list;
	unsigned int i;
	int used = 0;

	mutex_lock(&trust_mutex);
	list = current_list();
	for (i = 0; list && i < list->count && used < PAGE_SIZE - PREFIX_TEXT; i++) {
		if (i)
			buffer[used++] = ',';
		used += format_prefix(&list->prefixes[i], buffer + used, PREFIX_TEXT);
	}
	mutex_unlock(&trust_mutex);
	buffer[used] = '\0';
	return used;
}

static int parse_kinds(char *text, u8 *kinds)
{
	static const u8 known[] = {254, 200, 253, 28};
	unsigned int count = 0, number;
	char *word;

	while ((word = strsep(&text, ", \n")) != NULL) {
		if (!*word)
			continue;
		if (count == TOA_KINDS_MAX || parse_number(word, 255, &number) ||
		    !memchr(known, number, sizeof(known))) {
			pr_err("kinds: expected a list of 254, 200, 253 and 28, got '%s'\n", word);
			return -EINVAL;
		}
		kinds[count++] = number;
	}
	return count ? 0 : -EINVAL;
}

/* Readers may see a mix of the old and the new list for one packet. */
static int set_kinds(const char *value, toa_param_t *param)
{
	u8 kinds[TOA_KINDS_MAX] = {0};
	char *text = kstrdup(value, GFP_KERNEL);
	int err = text ? parse_kinds(text, kinds) : -ENOMEM;

	if (!err)
		memcpy(kind_list, kinds, sizeof(kind_list));
	kfree(text);
	return err;
}

static int get_kinds(char *buffer, toa_param_t *param)
{
	unsigned int i;
	int used = 0;

	for (i = 0; i < TOA_KINDS_MAX && kind_list[i]; i++)
		used += scnprintf(buffer + used, 8, "%s%u", i ? "," : "", kind_list[i]);
	return used;
}

module_param_call(trust, set_trust, get_trust, NULL, 0644);
MODULE_PARM_DESC(trust, "prefixes whose options count, separated by commas");
module_param(trust_any, bool, 0644);
MODULE_PARM_DESC(trust_any, "believe every source (any client could forge its address)");
module_param_call(kinds, set_kinds, get_kinds, NULL, 0644);
MODULE_PARM_DESC(kinds, "option kinds to look for (default: 254,200,253,28)");

void toa_settings_show(struct seq_file *seq)
{
	const struct trust_list *list;
	char text[PREFIX_TEXT];
	unsigned int i;

	seq_puts(seq, "kinds");
	for (i = 0; i < TOA_KINDS_MAX && kind_list[i]; i++)
		seq_printf(seq, " %u", kind_list[i]);
	seq_puts(seq, "\ntrust");
	if (READ_ONCE(trust_any))
		seq_puts(seq, " any");
	rcu_read_lock();
	list = rcu_dereference(trust_list);
	for (i = 0; list && i < list->count; i++) {
		format_prefix(&list->prefixes[i], text, sizeof(text));
		seq_printf(seq, " %s", text);
	}
	rcu_read_unlock();
	seq_puts(seq, "\n");
}

int toa_trust_init(void)
{
	bool empty;

	mutex_lock(&trust_mutex);
	empty = !current_list() || !current_list()->count;
	mutex_unlock(&trust_mutex);
	if (!empty || trust_any)
		return 0;
	pr_err("say whose options to believe: trust=10.0.1.0/24,... or trust_any=1\n");
	return -EINVAL;
}

void toa_trust_exit(void)
{
	mutex_lock(&trust_mutex);
	publish(NULL);
	mutex_unlock(&trust_mutex);
}
