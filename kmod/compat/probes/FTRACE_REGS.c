// SPDX-License-Identifier: GPL-2.0
/* 5.11: callbacks take struct ftrace_regs. */
#include <linux/ftrace.h>
void call(unsigned long ip, unsigned long parent, struct ftrace_ops *ops, struct ftrace_regs *regs);
struct ftrace_ops probe = {.func = call, .flags = FTRACE_OPS_FL_SAVE_REGS};
struct pt_regs *pt(struct ftrace_regs *regs);
struct pt_regs *pt(struct ftrace_regs *regs)
{
	return ftrace_get_regs(regs);
}
