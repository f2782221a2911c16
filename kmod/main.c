// SPDX-License-Identifier: GPL-2.0
/* Load and unload. What is told to applications starts before what is learned, and
 * everything is there before the first hook. */
#include <linux/module.h>

#include "toa.h"

static int __init toa_init(void)
{
	int err;

#ifdef TOA_SELFTEST
	err = toa_parse_selftest();
	if (err)
		goto err_trust;
#endif
	err = toa_trust_init();
	if (err)
		goto err_trust;
	err = toa_table_init();
	if (err)
		goto err_trust;
	err = toa_proc_init();
	if (err)
		goto err_table;
	err = toa_names_init();
	if (err)
		goto err_proc;
	err = toa_hooks_init();
	if (err)
		goto err_names;
	pr_info("%s loaded\n", TOA_VERSION);
	return 0;

err_names:
	toa_names_exit();
err_proc:
	toa_proc_exit();
err_table:
	toa_table_exit();
err_trust:
	toa_trust_exit();
	return err;
}

static void __exit toa_exit(void)
{
	toa_hooks_exit();
	toa_names_exit();
	toa_proc_exit();
	toa_table_exit();
	toa_trust_exit();
	pr_info("unloaded\n");
}

module_init(toa_init);
module_exit(toa_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("ClearNAT receiver: client addresses from a TCP option");
MODULE_AUTHOR("ClearNAT contributors");
MODULE_VERSION(TOA_VERSION);
