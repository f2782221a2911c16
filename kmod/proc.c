// SPDX-License-Identifier: GPL-2.0
/* /proc/net/toa in every network namespace: that namespace's counters, then what all
 * of them share. */
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "toa.h"

struct counters {
	u64 value[TOA_COUNTERS];
};

struct toa_net {
	struct counters __percpu *counters;
};

static const char *const names[TOA_COUNTERS] = {
	[TOA_SEEN] = "seen",
	[TOA_ACCEPTED] = "accepted",
	[TOA_UNTRUSTED] = "untrusted",
	[TOA_MALFORMED_COUNT] = "malformed",
	[TOA_V4] = "v4",
	[TOA_V6] = "v6",
	[TOA_NO_MEMORY] = "no_memory",
};

static toa_net_id_t toa_net_id __read_mostly;

void toa_count(struct net *net, enum toa_counter counter)
{
	struct toa_net *toa = net_generic(net, toa_net_id);

	this_cpu_inc(toa->counters->value[counter]);
}

static void show_counters(struct seq_file *seq, const struct toa_net *toa)
{
	unsigned int i;
	int cpu;

	for (i = 0; i < TOA_COUNTERS; i++) {
		u64 sum = 0;

		for_each_possible_cpu(cpu) sum += per_cpu_ptr(toa->counters, cpu)->value[i];
		seq_printf(seq, "%s %llu\n", names[i], (unsigned long long)sum);
	}
}

static int show(struct seq_file *seq, void *unused)
{
	struct net *net = toa_seq_net(seq);

	seq_puts(seq, "version " TOA_VERSION "\n");
	show_counters(seq, net_generic(net, toa_net_id));
	toa_settings_show(seq);
	toa_table_show(seq);
	toa_hooks_show(seq);
	toa_names_show(seq);
	return 0;
}

TOA_PROC_FILE(toa_proc, show)

static int __net_init net_init(struct net *net)
{
	struct toa_net *toa = net_generic(net, toa_net_id);

	toa->counters = alloc_percpu(struct counters);
	if (!toa->counters)
		return -ENOMEM;
	if (!toa_proc_create(net, "toa", &toa_proc)) {
		free_percpu(toa->counters);
		return -ENOMEM;
	}
	return 0;
}

static void __net_exit net_exit(struct net *net)
{
	struct toa_net *toa = net_generic(net, toa_net_id);

	remove_proc_entry("toa", net->proc_net);
	free_percpu(toa->counters);
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.exit = net_exit,
	.id = &toa_net_id,
	.size = sizeof(struct toa_net),
};

int toa_proc_init(void)
{
	return register_pernet_subsys(&net_ops);
}

void toa_proc_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
