// SPDX-License-Identifier: GPL-2.0
/* Before Linux 5.13 a veth takes redirected packets only when it has an XDP
 * program itself; the guests' hosts get this one. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
