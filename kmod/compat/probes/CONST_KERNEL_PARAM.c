// SPDX-License-Identifier: GPL-2.0
/* 2.6.36: parameter callbacks take a const parameter. */
#include <linux/moduleparam.h>
int set(const char *value, const struct kernel_param *param);
int get(char *buffer, const struct kernel_param *param);
module_param_call(probe, set, get, NULL, 0644);
