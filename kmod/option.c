// SPDX-License-Identifier: GPL-2.0
/* The TCP option list, as it came from the network. */
#include <linux/errno.h>
#include <linux/string.h>

#include "toa.h"

enum { OPT_EOL = 0, OPT_NOP = 1, LEN_V4 = 8, LEN_V6 = 20 };
enum { KIND_USER_TIMEOUT = 28, USER_TIMEOUT_LEN = 4 };

static bool wanted(const u8 *kinds, u8 kind)
{
	unsigned int i;

	for (i = 0; i < TOA_KINDS_MAX && kinds[i]; i++)
		if (kinds[i] == kind)
			return true;
	return false;
}

/* OPT's LENGTH bytes are there. */
static bool take(const u8 *opt, u8 length, struct toa_client *client)
{
	if (length != LEN_V4 && length != LEN_V6)
		return false;
	memset(client, 0, sizeof(*client));
	memcpy(&client->port, opt + 2, 2);
	if (length == LEN_V6) {
		client->family = AF_INET6;
		memcpy(&client->addr, opt + 4, 16);
		return true;
	}
	client->family = AF_INET;
	client->addr.s6_addr[10] = 0xff;
	client->addr.s6_addr[11] = 0xff;
	memcpy(client->addr.s6_addr + 12, opt + 4, 4);
	return true;
}

enum toa_verdict toa_parse(const u8 *options, unsigned int length, const u8 *kinds,
			   struct toa_client *client)
{
	enum toa_verdict verdict = TOA_NONE;
	unsigned int at = 0;

	while (at < length) {
		u8 kind = options[at], size;

		if (kind == OPT_EOL)
			break;
		if (kind == OPT_NOP) {
			at++;
			continue;
		}
		if (length - at < 2)
			return TOA_MALFORMED;
		size = options[at + 1];
		if (size < 2 || size > length - at)
			return TOA_MALFORMED;
		if (wanted(kinds, kind)) {
			if (take(options + at, size, client))
				return TOA_FOUND;
			/* RFC 5482's user timeout is no mistake. */
			if (kind != KIND_USER_TIMEOUT || size != USER_TIMEOUT_LEN)
				verdict = TOA_MALFORMED;
		}
		at += size;
	}
	return verdict;
}

#ifdef TOA_SELFTEST
static const struct {
	u8 length;
	u8 options[40];
	enum toa_verdict verdict;
	u8 family;
} selftests[] = {
	{0, {0}, TOA_NONE, 0},
	{8, {254, 8, 0xc8, 0x22, 203, 0, 113, 7}, TOA_FOUND, AF_INET},
	{8, {253, 8, 0xc8, 0x22, 203, 0, 113, 7}, TOA_NONE, 0},
	{20, {254, 20, 0xc8, 0x22, 0x20, 1, 0xd, 0xb8}, TOA_FOUND, AF_INET6},
	{19, {254, 20, 0xc8, 0x22, 0x20, 1, 0xd, 0xb8}, TOA_MALFORMED, 0},
	{12, {1, 1, 1, 1, 200, 8, 0, 1, 1, 2, 3, 4}, TOA_FOUND, AF_INET},
	{12, {0, 1, 1, 1, 200, 8, 0, 1, 1, 2, 3, 4}, TOA_NONE, 0},
	{12, {254, 4, 1, 1, 254, 8, 0, 1, 1, 2, 3, 4}, TOA_FOUND, AF_INET},
	{4, {254, 0, 1, 1}, TOA_MALFORMED, 0},
	{4, {254, 1, 1, 1}, TOA_MALFORMED, 0},
	{4, {1, 1, 1, 254}, TOA_MALFORMED, 0},
	{4, {254, 8, 1, 1}, TOA_MALFORMED, 0},
	{4, {77, 200, 1, 1}, TOA_MALFORMED, 0},
	{4, {28, 4, 0, 9}, TOA_NONE, 0},
};

int toa_parse_selftest(void)
{
	static const u8 kinds[TOA_KINDS_MAX] = {254, 200, 28};
	struct toa_client client;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(selftests); i++) {
		enum toa_verdict verdict =
			toa_parse(selftests[i].options, selftests[i].length, kinds, &client);

		if (verdict != selftests[i].verdict ||
		    (verdict == TOA_FOUND && client.family != selftests[i].family)) {
			pr_err("selftest %u: verdict %d, expected %d\n", i, verdict,
			       selftests[i].verdict);
			return -EINVAL;
		}
	}
	pr_info("%u selftests passed\n", (unsigned int)ARRAY_SIZE(selftests));
	return 0;
}
#endif
