// SPDX-License-Identifier: GPL-2.0
/* 6.2. */
#include <linux/ftrace.h>
unsigned long probe(struct ftrace_regs *regs);
unsigned long probe(struct ftrace_regs *regs)
{
	return ftrace_regs_get_argument(regs, 0);
}
