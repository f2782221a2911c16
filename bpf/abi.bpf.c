// SPDX-License-Identifier: GPL-2.0
/* Not loaded: its BTF carries every type of the ABI to scripts/gen-abi.mjs. */
#include "shared.h"

#define CONCAT(a, b)   a##b
#define NAMED(n, type) __attribute__((used)) type CONCAT(abi_, n)

NAMED(1, enum limits);
NAMED(2, enum flow_state);
NAMED(3, enum flow_flag);
NAMED(4, enum listener_flag);
NAMED(5, enum pool_algorithm);
NAMED(6, enum member_flag);
NAMED(7, enum addr_class);
NAMED(8, enum event_type);
NAMED(9, enum end_reason);
NAMED(10, enum drop_reason);
NAMED(11, struct flow4_key);
NAMED(12, struct flow4);
NAMED(13, struct flow6_key);
NAMED(14, struct flow6);
NAMED(15, struct half_open);
NAMED(16, struct vip_key);
NAMED(17, struct listener);
NAMED(18, struct pool);
NAMED(19, struct member);
NAMED(20, struct dest);
NAMED(21, struct snat_set);
NAMED(22, struct snat_addr);
NAMED(23, struct chunk_key);
NAMED(24, struct snat_chunk);
NAMED(25, struct addr_filter);
NAMED(26, struct globals);
NAMED(27, struct traffic);
NAMED(28, struct conn_count);
NAMED(29, struct event);
NAMED(30, struct expire_request);
NAMED(31, struct expire_entry);
