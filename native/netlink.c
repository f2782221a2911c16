// SPDX-License-Identifier: Apache-2.0
/*
 * rtnetlink requests that are answered from the kernel's memory: each opens a
 * socket in the thread's network namespace, asks, and reads one answer.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clearnat.h"

union message {
	struct nlmsghdr header;
	uint8_t bytes[256];
};

union answer {
	struct nlmsghdr header;
	uint8_t bytes[8192];
};

/* The family's header of a message. */
static void *start(union message *m, uint16_t type, uint16_t flags, size_t len)
{
	memset(m, 0, sizeof(*m));
	m->header.nlmsg_type = type;
	m->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	m->header.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + NLMSG_ALIGN(len));
	return m->bytes + NLMSG_HDRLEN;
}

static int put(union message *m, uint16_t type, const void *data, size_t len)
{
	return cn_attr_put(&m->header, sizeof(*m), type, data, len);
}

static int exchange(int fd, const union message *m, union answer *answer)
{
	const struct nlmsgerr *error;
	ssize_t len;

	if (send(fd, m, m->header.nlmsg_len, 0) < 0)
		return -errno;
	len = recv(fd, answer, sizeof(*answer), 0);
	if (len < 0)
		return -errno;
	if ((size_t)len < sizeof(answer->header) || answer->header.nlmsg_len > (size_t)len)
		return -EPROTO;
	if (answer->header.nlmsg_type != NLMSG_ERROR)
		return 0;
	error = (const struct nlmsgerr *)(answer->bytes + NLMSG_HDRLEN);
	return error->error;
}

static int ask(const union message *m, union answer *answer)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return -errno;
	err = exchange(fd, m, answer);
	close(fd);
	return err;
}

static void describe(const struct cn_address *address, char out[CN_ADDRESS_LEN])
{
	cn_address_format(address->family, address->bytes, out);
}

int cn_neighbour_use(int ifindex, const struct cn_address *address, struct cn_error *e)
{
	char text[CN_ADDRESS_LEN];
	union answer answer;
	struct ndmsg *ndm;
	union message m;
	int err;

	ndm = start(&m, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE, sizeof(*ndm));
	ndm->ndm_family = (uint8_t)address->family;
	ndm->ndm_ifindex = ifindex;
	ndm->ndm_flags = NTF_USE;
	put(&m, NDA_DST, address->bytes, address->len);
	err = ask(&m, &answer);
	describe(address, text);
	return err ? cn_fail(e, err, "RTM_NEWNEIGH", "%s on interface %d", text, ifindex) : 0;
}

int cn_address_change(bool add, int ifindex, const struct cn_address *address, uint8_t prefix,
		      struct cn_error *e)
{
	/* An address the gateway owns is usable at once. */
	uint32_t flags = address->family == AF_INET6 ? IFA_F_NODAD : 0;
	char text[CN_ADDRESS_LEN];
	union answer answer;
	struct ifaddrmsg *ifa;
	union message m;
	int err;

	ifa = start(&m, add ? RTM_NEWADDR : RTM_DELADDR,
		    add ? NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL : NLM_F_ACK, sizeof(*ifa));
	ifa->ifa_family = (uint8_t)address->family;
	ifa->ifa_prefixlen = prefix;
	ifa->ifa_index = (uint32_t)ifindex;
	if (address->family == AF_INET && address->bytes[0] == 127)
		ifa->ifa_scope = RT_SCOPE_HOST;
	put(&m, IFA_LOCAL, address->bytes, address->len);
	put(&m, IFA_ADDRESS, address->bytes, address->len);
	if (add)
		put(&m, IFA_FLAGS, &flags, sizeof(flags));
	err = ask(&m, &answer);
	describe(address, text);
	return err ? cn_fail(e, err, add ? "RTM_NEWADDR" : "RTM_DELADDR", "%s/%u on interface %d",
			     text, prefix, ifindex)
		   : 0;
}

static void copy_address(int family, const struct nlattr *attr, char out[CN_ADDRESS_LEN])
{
	size_t len;
	const void *data = cn_attr_data(attr, &len);

	out[0] = '\0';
	if (len == (family == AF_INET ? 4 : 16))
		cn_address_format(family, data, out);
}

/* RTA_VIA: the gateway is of the other family. */
static void copy_via(const struct nlattr *attr, char out[CN_ADDRESS_LEN])
{
	const struct rtvia *via;
	size_t len;

	via = cn_attr_data(attr, &len);
	if (len == sizeof(*via) + 16 && via->rtvia_family == AF_INET6)
		cn_address_format(AF_INET6, via->rtvia_addr, out);
	else if (len == sizeof(*via) + 4 && via->rtvia_family == AF_INET)
		cn_address_format(AF_INET, via->rtvia_addr, out);
}

int cn_route_get(const struct cn_address *address, struct cn_route *out, struct cn_error *e)
{
	const struct nlattr *attrs[RTA_MAX + 1];
	char text[CN_ADDRESS_LEN];
	union answer answer;
	struct rtmsg *rtm;
	union message m;
	int err;

	rtm = start(&m, RTM_GETROUTE, 0, sizeof(*rtm));
	rtm->rtm_family = (uint8_t)address->family;
	rtm->rtm_dst_len = (uint8_t)(address->len * 8);
	put(&m, RTA_DST, address->bytes, address->len);
	if (address->scope)
		put(&m, RTA_OIF, &address->scope, sizeof(address->scope));
	err = ask(&m, &answer);
	if (!err && (answer.header.nlmsg_type != RTM_NEWROUTE ||
		     answer.header.nlmsg_len < NLMSG_LENGTH(sizeof(*rtm))))
		err = -EPROTO;
	if (err) {
		describe(address, text);
		return cn_fail(e, err, "RTM_GETROUTE", "%s", text);
	}
	cn_attrs_parse(answer.bytes + NLMSG_LENGTH(NLMSG_ALIGN(sizeof(*rtm))),
		       answer.header.nlmsg_len - NLMSG_LENGTH(NLMSG_ALIGN(sizeof(*rtm))), attrs,
		       RTA_MAX);
	out->ifindex = (int)cn_attr_u32(attrs[RTA_OIF]);
	copy_address(address->family, attrs[RTA_PREFSRC], out->source);
	copy_address(address->family, attrs[RTA_GATEWAY], out->gateway);
	if (!out->gateway[0])
		copy_via(attrs[RTA_VIA], out->gateway);
	return 0;
}
