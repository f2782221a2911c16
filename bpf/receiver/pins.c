// SPDX-License-Identifier: GPL-2.0
/* What stays in the kernel when toactl ends: links and maps pinned in a bpffs. */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/magic.h>

#include "toactl.h"

#define BPFFS "/sys/fs/bpf"

const struct hook hooks[LINK_COUNT] = {
	{"toa_getpeername4", "link_getpeername4", BPF_CGROUP_INET4_GETPEERNAME},
	{"toa_getpeername6", "link_getpeername6", BPF_CGROUP_INET6_GETPEERNAME},
	{"toa_getsockopt", "link_getsockopt", BPF_CGROUP_GETSOCKOPT},
	{"toa_established", "link_sockops", BPF_CGROUP_SOCK_OPS},
};

static const char *const map_pins[] = {
	"clients", "counters", "trust", "settings", "trust_new", "settings_new",
};

struct pin_path pin_path(const char *dir, const char *name)
{
	struct pin_path path;

	snprintf(path.text, sizeof(path.text), "%s/%s", dir, name);
	return path;
}

int pin_get(const char *dir, const char *name)
{
	int fd = bpf_obj_get(pin_path(dir, name).text);

	if (fd >= 0)
		return fd;
	errno = -fd;
	return -1;
}

int pin_open(const char *dir, const char *name, int *fd)
{
	*fd = pin_get(dir, name);
	if (*fd >= 0)
		return 0;
	if (errno == ENOENT)
		return failed("no receiver is loaded (nothing pinned in %s)", dir);
	return failed_errno(errno, "cannot open %s/%s", dir, name);
}

bool pins_exist(const char *dir)
{
	for (int i = 0; i < LINK_COUNT; i++)
		if (!access(pin_path(dir, hooks[i].link).text, F_OK))
			return true;
	return !access(pin_path(dir, "settings").text, F_OK);
}

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == BPF_FS_MAGIC;
}

int pins_make_dir(const char *dir)
{
	char parent[4096];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", dir);
	slash = strrchr(parent, '/');
	if (dir[0] != '/' || !slash || !slash[1])
		return usage_error("--pin: expected an absolute path below %s, got '%s'", BPFFS,
				   dir);
	*slash = '\0';
	if (!strcmp(parent, BPFFS) && !is_bpffs(BPFFS) &&
	    mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return failed_errno(errno, "cannot mount a bpffs on %s", BPFFS);
	if (!is_bpffs(parent))
		return failed("--pin: '%s' is not in a bpffs: mount one with `mount -t bpf bpf %s`",
			      dir, BPFFS);
	if (mkdir(dir, 0700) && errno != EEXIST)
		return failed_errno(errno, "cannot make %s", dir);
	return 0;
}

int pins_lock(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX))
		return failed_errno(errno, "cannot lock %s", dir);
	return 0;
}

static int remove_pin(const char *dir, const char *name)
{
	struct pin_path path = pin_path(dir, name);

	if (unlink(path.text) && errno != ENOENT)
		return failed_errno(errno, "cannot remove %s", path.text);
	return 0;
}

/* Detaches at once: the kernel drops an unpinned link some time later. */
static int remove_link(const char *dir, const char *name)
{
	int fd = pin_get(dir, name);

	if (fd >= 0) {
		bpf_link_detach(fd);
		close(fd);
	}
	return remove_pin(dir, name);
}

int pins_remove(const char *dir)
{
	int status = 0;

	for (int i = LINK_COUNT - 1; i >= 0; i--)
		status |= remove_link(dir, hooks[i].link);
	for (size_t i = 0; i < sizeof(map_pins) / sizeof(map_pins[0]); i++)
		status |= remove_pin(dir, map_pins[i]);
	if (!status && rmdir(dir) && errno != ENOENT)
		return failed_errno(errno, "cannot remove %s", dir);
	return status;
}

long long link_cgroup_id(int link_fd)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	int err = bpf_obj_get_info_by_fd(link_fd, &info, &size);

	if (err) {
		errno = -err;
		return -1;
	}
	return info.cgroup.cgroup_id;
}

int settings_read(const char *dir, struct toa_settings *settings)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info), zero = 0;
	int fd, err;

	if (pin_open(dir, "settings", &fd))
		return EXIT_FAILED;
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (!err && info.value_size == sizeof(*settings))
		err = bpf_map_lookup_elem(fd, &zero, settings);
	close(fd);
	if (err)
		return failed_errno(-err, "cannot read %s/settings", dir);
	if (info.value_size != sizeof(*settings) || settings->abi != RECEIVER_ABI)
		return failed("%s was made by another toactl whose maps differ from those of %s: "
			      "run `toactl unload` first",
			      dir, CLEARNAT_VERSION);
	return 0;
}

int cgroup2_mount(char *out, size_t size)
{
	struct mntent *entry;
	FILE *mounts = setmntent("/proc/mounts", "r");
	int found = -1;

	if (!mounts)
		return -1;
	while (found && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_type, "cgroup2")) {
			snprintf(out, size, "%s", entry->mnt_dir);
			found = 0;
		}
	endmntent(mounts);
	return found;
}
