// SPDX-License-Identifier: Apache-2.0
/* One map entry at a time; each function is one short system call. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>

#include "clearnat.h"

static bool is_percpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

int cn_map_create(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
		  uint32_t flags, struct cn_error *e)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	int fd = bpf_map_create(type, "clearnat", key_size, value_size, max_entries, &opts);

	if (fd < 0)
		return cn_fail(e, fd, "BPF_MAP_CREATE", "type %u, key %u, value %u, %u entries",
			       type, key_size, value_size, max_entries);
	return fd;
}

int cn_map_get_info(int fd, struct cn_map_info *out, struct cn_error *e)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);
	int err = bpf_obj_get_info_by_fd(fd, &info, &len);

	if (err)
		return cn_fail(e, err, "BPF_OBJ_GET_INFO_BY_FD", "map");
	*out = (struct cn_map_info){
		.id = info.id,
		.type = info.type,
		.key_size = info.key_size,
		.value_size = info.value_size,
		.max_entries = info.max_entries,
		.flags = info.map_flags,
		.io_value_size = info.value_size,
	};
	if (is_percpu(info.type))
		out->io_value_size =
			(info.value_size + 7) / 8 * 8 * (uint32_t)libbpf_num_possible_cpus();
	snprintf(out->name, sizeof(out->name), "%s", info.name);
	return 0;
}

int cn_map_lookup(int fd, const void *key, void *value, struct cn_error *e)
{
	int err = bpf_map_lookup_elem(fd, key, value);

	if (err == -ENOENT)
		return 0;
	return err ? cn_fail(e, err, "BPF_MAP_LOOKUP_ELEM", "map fd %d", fd) : 1;
}

int cn_map_update(int fd, const void *key, const void *value, uint64_t flags, struct cn_error *e)
{
	int err = bpf_map_update_elem(fd, key, value, flags);

	return err ? cn_fail(e, err, "BPF_MAP_UPDATE_ELEM", "map fd %d", fd) : 0;
}

int cn_map_delete(int fd, const void *key, struct cn_error *e)
{
	int err = bpf_map_delete_elem(fd, key);

	if (err == -ENOENT)
		return 0;
	return err ? cn_fail(e, err, "BPF_MAP_DELETE_ELEM", "map fd %d", fd) : 1;
}
