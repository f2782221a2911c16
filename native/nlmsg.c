// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "clearnat.h"

void cn_attrs_parse(const void *data, size_t len, const struct nlattr **attrs, unsigned int max)
{
	const uint8_t *at = data;
	const struct nlattr *attr;
	unsigned int type;
	size_t step;

	memset(attrs, 0, (max + 1) * sizeof(*attrs));
	while (len >= sizeof(*attr)) {
		attr = (const struct nlattr *)at;
		if (attr->nla_len < sizeof(*attr) || attr->nla_len > len)
			return;
		type = attr->nla_type & NLA_TYPE_MASK;
		if (type <= max)
			attrs[type] = attr;
		step = (size_t)NLA_ALIGN(attr->nla_len);
		if (step >= len)
			return;
		at += step;
		len -= step;
	}
}

const void *cn_attr_data(const struct nlattr *attr, size_t *len)
{
	*len = attr ? attr->nla_len - NLA_HDRLEN : 0;
	return attr ? (const uint8_t *)attr + NLA_HDRLEN : NULL;
}

uint32_t cn_attr_u32(const struct nlattr *attr)
{
	uint32_t value = 0;
	size_t len;
	const void *data = cn_attr_data(attr, &len);

	if (len >= sizeof(value))
		memcpy(&value, data, sizeof(value));
	return value;
}

int cn_attr_put(struct nlmsghdr *message, size_t size, uint16_t type, const void *data, size_t len)
{
	size_t at = NLMSG_ALIGN(message->nlmsg_len);
	struct nlattr *attr = (struct nlattr *)((uint8_t *)message + at);

	if (at + NLA_HDRLEN + NLA_ALIGN(len) > size)
		return -EMSGSIZE;
	attr->nla_type = type;
	attr->nla_len = (uint16_t)(NLA_HDRLEN + len);
	memcpy((uint8_t *)attr + NLA_HDRLEN, data, len);
	message->nlmsg_len = (uint32_t)(at + NLA_HDRLEN + NLA_ALIGN(len));
	return 0;
}
