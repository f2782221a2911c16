// SPDX-License-Identifier: GPL-2.0
/* 4.18. */
#include <linux/proc_fs.h>
#include <linux/seq_file_net.h>
#include <net/net_namespace.h>
int show(struct seq_file *seq, void *unused);
void *probe(struct net *net);
void *probe(struct net *net)
{
	return proc_create_net_single("probe", 0444, net->proc_net, show, NULL);
}
