// SPDX-License-Identifier: GPL-2.0
/* 4.20 (x86), 5.2 (arm64). */
#include <linux/ptrace.h>
unsigned long probe(struct pt_regs *regs);
unsigned long probe(struct pt_regs *regs)
{
	return regs_get_kernel_argument(regs, 0);
}
