// SPDX-License-Identifier: Apache-2.0
/* The file system that keeps maps, programs and links alive without a process. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "clearnat.h"

#define BPF_FS_MAGIC_NUMBER 0xcafe4a11UL

int cn_pin(int fd, const char *path, struct cn_error *e)
{
	int err = bpf_obj_pin(fd, path);

	return err ? cn_fail(e, err, "BPF_OBJ_PIN", "%s", path) : 0;
}

/* The descriptor's own name says what was pinned: anon_inode:bpf-map, bpf-prog
 * or bpf_link. */
static bool is_kind(int fd, enum cn_pinned kind)
{
	static const char *const suffix[] = {
		[CN_PINNED_MAP] = "map",
		[CN_PINNED_PROGRAM] = "prog",
		[CN_PINNED_LINK] = "link",
	};
	char path[64], target[64];
	size_t len = strlen(suffix[kind]);
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target));
	if (n < 0)
		return true; /* no /proc: the next call on it fails if it is another kind */
	return (size_t)n >= len && !memcmp(target + (size_t)n - len, suffix[kind], len);
}

int cn_open_pinned(const char *path, enum cn_pinned kind, struct cn_error *e)
{
	static const char *const names[] = {"map", "program", "link"};
	int fd = bpf_obj_get(path);

	if (fd < 0)
		return cn_fail(e, fd, "BPF_OBJ_GET", "%s", path);
	if (!is_kind(fd, kind)) {
		close(fd);
		return cn_fail(e, EINVAL, "BPF_OBJ_GET", "%s is not a %s", path, names[kind]);
	}
	return fd;
}

int cn_ensure_bpffs(const char *path, struct cn_error *e)
{
	struct statfs fs;

	if (statfs(path, &fs))
		return cn_fail(e, errno, "statfs", "%s", path);
	if ((unsigned long)fs.f_type == BPF_FS_MAGIC_NUMBER)
		return 0;
	if (mount("bpf", path, "bpf", 0, "mode=0700"))
		return cn_fail(e, errno, "mount", "bpf on %s", path);
	return 1;
}
