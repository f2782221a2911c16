// SPDX-License-Identifier: GPL-2.0
/* 3.7: callbacks take struct pt_regs. */
#include <linux/ftrace.h>
void call(unsigned long ip, unsigned long parent, struct ftrace_ops *ops, struct pt_regs *regs);
struct ftrace_ops probe = {.func = call, .flags = FTRACE_OPS_FL_SAVE_REGS};
