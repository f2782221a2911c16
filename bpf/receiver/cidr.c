// SPDX-License-Identifier: GPL-2.0
/* Prefixes as text and as keys of the trust list. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toactl.h"

enum { MAPPED_BITS = 96 };

static bool is_mapped(const struct toa_trust_key *key)
{
	return key->prefixlen >= MAPPED_BITS && !key->addr[0] && !key->addr[1] &&
	       key->addr[2] == htonl(0xffff);
}

/* Clears what PREFIXLEN does not cover; true when something was set there. */
static bool clear_host_bits(struct toa_trust_key *key)
{
	bool any = false;

	for (unsigned int word = 0; word < 4; word++) {
		unsigned int first = word * 32;
		__u32 mask = 0xffffffff;

		if (key->prefixlen <= first)
			mask = 0;
		else if (key->prefixlen < first + 32)
			mask <<= first + 32 - key->prefixlen;
		if (ntohl(key->addr[word]) & ~mask)
			any = true;
		key->addr[word] &= htonl(mask);
	}
	return any;
}

static int parse_length(const char *text, unsigned int max, unsigned int *length)
{
	char *end;
	unsigned long value;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value > max)
		return -1;
	*length = value;
	return 0;
}

int cidr_parse(const char *text, struct toa_trust_key *key, char *why, size_t why_size)
{
	char address[INET6_ADDRSTRLEN + 1] = "";
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : strlen(text);
	unsigned int max = 128, length;
	char good[CIDR_TEXT];

	memset(key, 0, sizeof(*key));
	if (size < sizeof(address))
		memcpy(address, text, size);
	if (inet_pton(AF_INET, address, &key->addr[3]) == 1) {
		key->addr[2] = htonl(0xffff);
		max = 32;
	} else if (inet_pton(AF_INET6, address, key->addr) != 1) {
		snprintf(why, why_size,
			 "expected an address or a CIDR such as 10.0.1.0/24 or 2001:db8::/64");
		return -1;
	}
	length = max;
	if (slash && parse_length(slash + 1, max, &length)) {
		snprintf(why, why_size, "expected a prefix length of 0 to %u", max);
		return -1;
	}
	key->prefixlen = max == 32 ? MAPPED_BITS + length : length;
	if (clear_host_bits(key)) {
		cidr_format(key, good);
		snprintf(why, why_size,
			 "has address bits beyond its prefix length; did you mean %s?", good);
		return -1;
	}
	return 0;
}

void cidr_format(const struct toa_trust_key *key, char out[CIDR_TEXT])
{
	char address[INET6_ADDRSTRLEN];
	bool mapped = is_mapped(key);

	if (mapped)
		inet_ntop(AF_INET, &key->addr[3], address, sizeof(address));
	else
		inet_ntop(AF_INET6, key->addr, address, sizeof(address));
	snprintf(out, CIDR_TEXT, "%s/%u", address, key->prefixlen - (mapped ? MAPPED_BITS : 0));
}
