// SPDX-License-Identifier: GPL-2.0
/* 4.10: pernet ids are unsigned. */
#include <net/net_namespace.h>
unsigned int *probe(struct pernet_operations *ops);
unsigned int *probe(struct pernet_operations *ops)
{
	return __builtin_choose_expr(__builtin_types_compatible_p(typeof(ops->id), unsigned int *),
				     ops->id, (void)0);
}
