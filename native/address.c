// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clearnat.h"

/* Cuts "%eth0" or "%3" off text; 0 when there is none or it does not exist. */
static uint32_t take_scope(char *text)
{
	char *percent = strchr(text, '%');
	uint32_t scope;

	if (!percent)
		return 0;
	*percent++ = '\0';
	scope = if_nametoindex(percent);
	return scope ? scope : (uint32_t)strtoul(percent, NULL, 10);
}

int cn_address_parse(const char *text, struct cn_address *out, struct cn_error *e)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char copy[CN_ADDRESS_LEN];

	*out = (struct cn_address){.family = AF_INET, .len = 4};
	snprintf(copy, sizeof(copy), "%s", text);
	if (inet_pton(AF_INET, copy, out->bytes) == 1)
		return 0;
	out->scope = take_scope(copy);
	out->family = AF_INET6;
	out->len = 16;
	if (inet_pton(AF_INET6, copy, out->bytes) != 1)
		return cn_fail(e, EINVAL, "inet_pton", "%s", text);
	if (!memcmp(out->bytes, mapped, sizeof(mapped))) {
		memmove(out->bytes, out->bytes + 12, 4);
		out->family = AF_INET;
		out->len = 4;
	}
	return 0;
}

void cn_address_format(int family, const void *bytes, char out[CN_ADDRESS_LEN])
{
	if (!inet_ntop(family, bytes, out, CN_ADDRESS_LEN))
		out[0] = '\0';
}

uint32_t cn_address_to_sockaddr(const struct cn_address *address, uint16_t port,
				struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	out->ss_family = (sa_family_t)address->family;
	if (address->family == AF_INET) {
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, address->bytes, 4);
		return sizeof(*v4);
	}
	v6->sin6_port = htons(port);
	v6->sin6_scope_id = address->scope;
	memcpy(&v6->sin6_addr, address->bytes, 16);
	return sizeof(*v6);
}
