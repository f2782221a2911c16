// SPDX-License-Identifier: Apache-2.0
/* rtnetlink's multicast groups, turned into struct cn_event. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clearnat.h"

#define RECEIVE_BUFFER (1 << 20)
#define READS_PER_CALL 256 /* then the event loop has its turn */

static int join(int fd)
{
	static const int groups[] = {RTNLGRP_LINK,	  RTNLGRP_NEIGH,      RTNLGRP_IPV4_IFADDR,
				     RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
	struct sockaddr_nl self = {.nl_family = AF_NETLINK};
	int size = RECEIVE_BUFFER;
	size_t i;

	/* The kernel sends nothing to a socket without an address. */
	if (bind(fd, (struct sockaddr *)&self, sizeof(self)))
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])))
			return -errno;
	return 0;
}

int cn_monitor_open(struct cn_error *e)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return cn_fail(e, errno, "socket", "NETLINK_ROUTE");
	err = join(fd);
	if (err) {
		close(fd);
		return cn_fail(e, err, "setsockopt", "NETLINK_ADD_MEMBERSHIP");
	}
	return fd;
}

/* Body after a fixed header of len bytes, split into attributes. False = too short. */
static bool split(const struct nlmsghdr *message, size_t len, const struct nlattr **attrs,
		  unsigned int max)
{
	size_t skip = NLMSG_LENGTH(NLMSG_ALIGN(len));

	if (message->nlmsg_len < skip)
		return false;
	cn_attrs_parse((const uint8_t *)message + skip, message->nlmsg_len - skip, attrs, max);
	return true;
}

static bool is_ip(int family)
{
	return family == AF_INET || family == AF_INET6;
}

static bool copy_address(int family, const struct nlattr *attr, char out[CN_ADDRESS_LEN])
{
	size_t len;
	const void *data = cn_attr_data(attr, &len);

	if (len != (family == AF_INET ? 4 : 16))
		return false;
	cn_address_format(family, data, out);
	return true;
}

static bool read_link(const struct nlmsghdr *message, struct cn_event *event)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(message);
	const struct nlattr *attrs[IFLA_IFNAME + 1];
	const char *name;
	size_t len;

	if (!split(message, sizeof(*ifi), attrs, IFLA_IFNAME) || ifi->ifi_family != AF_UNSPEC)
		return false;
	name = cn_attr_data(attrs[IFLA_IFNAME], &len);
	event->kind = CN_LINK;
	event->ifindex = ifi->ifi_index;
	snprintf(event->subject, sizeof(event->subject), "%.*s", (int)len, name ? name : "");
	return true;
}

static bool read_address(const struct nlmsghdr *message, struct cn_event *event)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(message);
	const struct nlattr *attrs[IFA_MAX + 1];

	if (!split(message, sizeof(*ifa), attrs, IFA_MAX) || !is_ip(ifa->ifa_family))
		return false;
	event->kind = CN_ADDRESS;
	event->ifindex = (int)ifa->ifa_index;
	return copy_address(ifa->ifa_family, attrs[IFA_LOCAL], event->subject) ||
	       copy_address(ifa->ifa_family, attrs[IFA_ADDRESS], event->subject);
}

static void copy_lladdr(const struct nlattr *attr, char *out, size_t size)
{
	const uint8_t *data;
	size_t len, i;

	data = cn_attr_data(attr, &len);
	for (i = 0; i < len && 3 * (i + 1) <= size; i++)
		snprintf(out + 3 * i - (i > 0), 4, i ? ":%02x" : "%02x", data[i]);
}

static bool read_neighbour(const struct nlmsghdr *message, struct cn_event *event)
{
	const struct ndmsg *ndm = NLMSG_DATA(message);
	const struct nlattr *attrs[NDA_MAX + 1];

	if (!split(message, sizeof(*ndm), attrs, NDA_MAX) || !is_ip(ndm->ndm_family))
		return false;
	event->kind = CN_NEIGHBOUR;
	event->ifindex = ndm->ndm_ifindex;
	event->state = ndm->ndm_state;
	copy_lladdr(attrs[NDA_LLADDR], event->lladdr, sizeof(event->lladdr));
	return copy_address(ndm->ndm_family, attrs[NDA_DST], event->subject);
}

static int first_hop(const struct nlattr *multipath)
{
	const struct rtnexthop *hop;
	size_t len;

	hop = cn_attr_data(multipath, &len);
	return len >= sizeof(*hop) ? hop->rtnh_ifindex : 0;
}

static bool read_route(const struct nlmsghdr *message, struct cn_event *event)
{
	static const uint8_t any[16];
	const struct rtmsg *rtm = NLMSG_DATA(message);
	const struct nlattr *attrs[RTA_MAX + 1];
	char prefix[8];

	if (!split(message, sizeof(*rtm), attrs, RTA_MAX) || !is_ip(rtm->rtm_family))
		return false;
	/* The local table and cached exceptions follow from the other events. */
	if (rtm->rtm_table == RT_TABLE_LOCAL || (rtm->rtm_flags & RTM_F_CLONED))
		return false;
	event->kind = CN_ROUTE;
	event->ifindex = (int)cn_attr_u32(attrs[RTA_OIF]);
	if (!event->ifindex)
		event->ifindex = first_hop(attrs[RTA_MULTIPATH]);
	if (!copy_address(rtm->rtm_family, attrs[RTA_DST], event->subject))
		cn_address_format(rtm->rtm_family, any, event->subject);
	snprintf(prefix, sizeof(prefix), "/%u", rtm->rtm_dst_len);
	strncat(event->subject, prefix, sizeof(event->subject) - strlen(event->subject) - 1);
	return true;
}

static bool read_message(const struct nlmsghdr *message, struct cn_event *event)
{
	*event = (struct cn_event){0};
	switch (message->nlmsg_type) {
	case RTM_DELLINK:
		event->deleted = true; /* fall through */
	case RTM_NEWLINK:
		return read_link(message, event);
	case RTM_DELADDR:
		event->deleted = true; /* fall through */
	case RTM_NEWADDR:
		return read_address(message, event);
	case RTM_DELNEIGH:
		event->deleted = true; /* fall through */
	case RTM_NEWNEIGH:
		return read_neighbour(message, event);
	case RTM_DELROUTE:
		event->deleted = true; /* fall through */
	case RTM_NEWROUTE:
		return read_route(message, event);
	default:
		return false;
	}
}

static void read_messages(const uint8_t *data, size_t left, cn_event_fn on_event, void *arg)
{
	const struct nlmsghdr *message;
	struct cn_event event;
	size_t step;

	while (left >= sizeof(*message)) {
		message = (const struct nlmsghdr *)data;
		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > left)
			return;
		if (read_message(message, &event))
			on_event(arg, &event);
		step = NLMSG_ALIGN(message->nlmsg_len);
		if (step >= left)
			return;
		data += step;
		left -= step;
	}
}

bool cn_monitor_read(int fd, cn_event_fn on_event, void *arg)
{
	static _Thread_local union {
		struct nlmsghdr header; /* for its alignment */
		uint8_t bytes[32768];
	} buffer;
	struct sockaddr_nl from;
	socklen_t from_len;
	int reads;
	ssize_t len;

	for (reads = 0; reads < READS_PER_CALL; reads++) {
		from_len = sizeof(from);
		len = recvfrom(fd, &buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &from_len);
		if (len < 0)
			return errno != ENOBUFS;
		if (!from.nl_pid) /* from the kernel */
			read_messages(buffer.bytes, (size_t)len, on_event, arg);
	}
	return true;
}
