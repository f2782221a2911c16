// SPDX-License-Identifier: Apache-2.0
/* XDP links: the attachment of a program to an interface, as a descriptor. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>

#include "clearnat.h"

int cn_xdp_attach(int prog_fd, int ifindex, uint32_t mode, struct cn_error *e)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = mode);
	char name[IF_NAMESIZE];
	int fd = bpf_link_create(prog_fd, ifindex, BPF_XDP, &opts);

	/* The kernel calls a missing interface an invalid argument. */
	if (fd == -EINVAL && !if_indextoname((unsigned int)ifindex, name))
		fd = -ENODEV;
	if (fd < 0)
		return cn_fail(e, fd, "BPF_LINK_CREATE", "XDP on interface %d, mode %u", ifindex,
			       mode);
	return fd;
}

int cn_xdp_program_id(int ifindex, uint32_t *id, struct cn_error *e)
{
	int err = bpf_xdp_query_id(ifindex, 0, id);

	return err ? cn_fail(e, err, "RTM_GETLINK", "interface %d", ifindex) : 0;
}

int cn_link_get_info(int fd, struct cn_link_info *out, struct cn_error *e)
{
	struct bpf_link_info info = {0};
	uint32_t len = sizeof(info);
	int err = bpf_obj_get_info_by_fd(fd, &info, &len);

	if (err)
		return cn_fail(e, err, "BPF_OBJ_GET_INFO_BY_FD", "link");
	if (info.type != BPF_LINK_TYPE_XDP)
		return cn_fail(e, EINVAL, "BPF_OBJ_GET_INFO_BY_FD", "link %u is not an XDP link",
			       info.id);
	out->id = info.id;
	out->prog_id = info.prog_id;
	out->ifindex = info.xdp.ifindex;
	return 0;
}

int cn_link_update(int fd, int prog_fd, struct cn_error *e)
{
	int err = bpf_link_update(fd, prog_fd, NULL);

	return err ? cn_fail(e, err, "BPF_LINK_UPDATE", "link") : 0;
}

int cn_link_detach(int fd, struct cn_error *e)
{
	int err = bpf_link_detach(fd);

	return err ? cn_fail(e, err, "BPF_LINK_DETACH", "link") : 0;
}
