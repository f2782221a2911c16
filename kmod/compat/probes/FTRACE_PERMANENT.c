// SPDX-License-Identifier: GPL-2.0
/* 5.6: hooks that sysctl kernel.ftrace_enabled=0 must not switch off. */
#include <linux/ftrace.h>
unsigned long probe = FTRACE_OPS_FL_PERMANENT;
