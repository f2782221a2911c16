// SPDX-License-Identifier: GPL-2.0
/* Compiles everywhere: when it does not, the headers or the compiler are broken. */
#include <linux/module.h>
int probe(void);
int probe(void)
{
	return 0;
}
