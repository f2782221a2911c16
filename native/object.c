// SPDX-License-Identifier: Apache-2.0
/* Objects as libbpf sees them, from open to load. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "clearnat.h"

int cn_object_open(const char *path, struct bpf_object **out, struct cn_error *e)
{
	struct cn_log log;
	int err = 0;

	cn_log_begin(&log);
	*out = bpf_object__open_file(path, NULL);
	if (!*out)
		err = -errno;
	cn_log_end();
	if (err)
		cn_fail(e, err, "bpf_object__open", "%s", path);
	cn_log_finish(&log, e);
	return err;
}

int cn_object_load(struct bpf_object *obj, struct cn_error *e)
{
	struct cn_log log;
	int err;

	cn_log_begin(&log);
	err = bpf_object__load(obj);
	cn_log_end();
	if (err)
		cn_fail(e, err, "bpf_object__load", "%s", bpf_object__name(obj));
	cn_log_finish(&log, e);
	return err;
}

void cn_object_close(struct bpf_object *obj)
{
	bpf_object__close(obj);
}

static struct bpf_map *find_map(struct bpf_object *obj, const char *name, struct cn_error *e)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);

	if (!map)
		cn_fail(e, ENOENT, "bpf_object__find_map_by_name", "no map '%s' in %s", name,
			bpf_object__name(obj));
	return map;
}

static struct bpf_program *find_program(struct bpf_object *obj, const char *name,
					struct cn_error *e)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);

	if (!prog)
		cn_fail(e, ENOENT, "bpf_object__find_program_by_name", "no program '%s' in %s",
			name, bpf_object__name(obj));
	return prog;
}

int cn_object_set_rodata(struct bpf_object *obj, size_t offset, const void *data, size_t len,
			 struct cn_error *e)
{
	struct bpf_map *map = find_map(obj, ".rodata", e);
	size_t size = 0;
	char *rodata;

	if (!map)
		return -e->err;
	/* const in libbpf 1.1 only; skeletons write to it */
	rodata = (char *)(uintptr_t)bpf_map__initial_value(map, &size);
	if (!rodata || bpf_map__fd(map) >= 0)
		return cn_fail(e, EBUSY, "bpf_map__initial_value", ".rodata of a loaded object");
	if (offset > size || len > size - offset)
		return cn_fail(e, ERANGE, "bpf_map__initial_value",
			       "%zu bytes at %zu do not fit .rodata of %zu", len, offset, size);
	memcpy(rodata + offset, data, len);
	return 0;
}

int cn_object_set_max_entries(struct bpf_object *obj, const char *name, uint32_t entries,
			      struct cn_error *e)
{
	struct bpf_map *map = find_map(obj, name, e);
	int err;

	if (!map)
		return -e->err;
	err = bpf_map__set_max_entries(map, entries);
	return err ? cn_fail(e, err, "bpf_map__set_max_entries", "%s = %u", name, entries) : 0;
}

int cn_object_set_map_flags(struct bpf_object *obj, const char *name, uint32_t flags,
			    struct cn_error *e)
{
	struct bpf_map *map = find_map(obj, name, e);
	int err;

	if (!map)
		return -e->err;
	err = bpf_map__set_map_flags(map, flags);
	return err ? cn_fail(e, err, "bpf_map__set_map_flags", "%s = %#x", name, flags) : 0;
}

int cn_object_reuse_map(struct bpf_object *obj, const char *name, int fd, struct cn_error *e)
{
	struct bpf_map *map = find_map(obj, name, e);
	struct cn_map_info info;
	int err;

	if (!map)
		return -e->err;
	err = cn_map_get_info(fd, &info, e);
	if (err)
		return err;
	/* libbpf would take any map. */
	if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
	    info.value_size != bpf_map__value_size(map))
		return cn_fail(e, EINVAL, "bpf_map__reuse_fd",
			       "%s: expected type %u, key %u, value %u, got %u, %u, %u", name,
			       bpf_map__type(map), bpf_map__key_size(map), bpf_map__value_size(map),
			       info.type, info.key_size, info.value_size);
	err = bpf_map__reuse_fd(map, fd);
	return err ? cn_fail(e, err, "bpf_map__reuse_fd", "%s", name) : 0;
}

int cn_object_set_autoload(struct bpf_object *obj, const char *name, bool load, struct cn_error *e)
{
	struct bpf_program *prog = find_program(obj, name, e);
	int err;

	if (!prog)
		return -e->err;
	err = bpf_program__set_autoload(prog, load);
	return err ? cn_fail(e, err, "bpf_program__set_autoload", "%s", name) : 0;
}

int cn_object_add_program_flags(struct bpf_object *obj, const char *name, uint32_t flags,
				struct cn_error *e)
{
	struct bpf_program *prog = find_program(obj, name, e);
	int err;

	if (!prog)
		return -e->err;
	err = bpf_program__set_flags(prog, bpf_program__flags(prog) | flags);
	return err ? cn_fail(e, err, "bpf_program__set_flags", "%s |= %#x", name, flags) : 0;
}

const char *cn_object_map_name(struct bpf_object *obj, size_t index)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, obj) {
		if (!bpf_map__is_internal(map) && !index--)
			return bpf_map__name(map);
	}
	return NULL;
}

const char *cn_object_program_name(struct bpf_object *obj, size_t index)
{
	struct bpf_program *prog;

	bpf_object__for_each_program (prog, obj) {
		if (!index--)
			return bpf_program__name(prog);
	}
	return NULL;
}

static int copy_fd(int fd, const char *what, const char *name, struct cn_error *e)
{
	int copy;

	if (fd < 0)
		return cn_fail(e, EBADF, what, "'%s' is not loaded", name);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return copy < 0 ? cn_fail(e, errno, "fcntl", "%s", name) : copy;
}

int cn_object_map_fd(struct bpf_object *obj, const char *name, struct cn_error *e)
{
	struct bpf_map *map = find_map(obj, name, e);

	return map ? copy_fd(bpf_map__fd(map), "bpf_map__fd", name, e) : -e->err;
}

int cn_object_program_fd(struct bpf_object *obj, const char *name, struct cn_error *e)
{
	struct bpf_program *prog = find_program(obj, name, e);

	return prog ? copy_fd(bpf_program__fd(prog), "bpf_program__fd", name, e) : -e->err;
}
