// SPDX-License-Identifier: GPL-2.0
/*
 * Load, update and unload. The object is inside this binary. A second load swaps
 * the programs behind the pinned links (no moment without a receiver) and keeps
 * the counters and the sockets' addresses; trust list and settings are new maps.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "toactl.h"

/* RECEIVER_OBJECT is the object's path, from the Makefile. */
__asm__(".section .rodata\n"
	".balign 8\n"
	"receiver_object: .incbin \"" RECEIVER_OBJECT "\"\n"
	"receiver_object_end: .byte 0\n"
	".previous\n");
extern const char receiver_object[], receiver_object_end[];

struct loading {
	const struct load_options *options;
	struct bpf_object *object;
	struct bpf_map *settings;
	int cgroup_fd;
	long long cgroup_id;
	char cgroup[TOA_CGROUP_PATH];
	bool update; /* something is loaded already */
};

/* The end of what libbpf said, shown only when a load fails: a verifier's log has
 * its reason in the last lines. */
static char libbpf_log[2048];

static int keep_log(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t used = strlen(libbpf_log), half = sizeof(libbpf_log) / 2;
	char *text;
	int length;

	if (level == LIBBPF_DEBUG)
		return 0;
	length = vasprintf(&text, format, args);
	if (length < 0)
		return 0;
	if (used > half) {
		memmove(libbpf_log, libbpf_log + used - half, half + 1);
		used = half;
	}
	snprintf(libbpf_log + used, sizeof(libbpf_log) - used, "%s",
		 (size_t)length > half ? text + length - half : text);
	free(text);
	return length;
}

static int open_cgroup(struct loading *l)
{
	struct stat st;

	if (l->options->cgroup) {
		char *real = realpath(l->options->cgroup, NULL);

		if (!real)
			return failed_errno(errno, "--cgroup '%s'", l->options->cgroup);
		snprintf(l->cgroup, sizeof(l->cgroup), "%s", real);
		free(real);
	} else if (l->update) {
		struct toa_settings old;
		int status = settings_read(l->options->pin, &old);

		if (status)
			return status;
		memcpy(l->cgroup, old.cgroup, sizeof(l->cgroup));
	} else if (cgroup2_mount(l->cgroup, sizeof(l->cgroup))) {
		return failed("no cgroup2 hierarchy is mounted: mount one with "
			      "`mount -t cgroup2 none /sys/fs/cgroup/unified`, or use toa.ko");
	}
	l->cgroup_fd = open(l->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->cgroup_fd < 0 || fstat(l->cgroup_fd, &st))
		return failed_errno(errno, "cannot open cgroup '%s'", l->cgroup);
	l->cgroup_id = st.st_ino;
	return 0;
}

/* Sockets and counters go on in the maps of the programs that are replaced. */
static int reuse_map(struct loading *l, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(l->object, name);
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int fd = pin_get(l->options->pin, name);
	int err;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return failed_errno(errno, "cannot open %s/%s", l->options->pin, name);
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (!err && info.value_size != bpf_map__value_size(map))
		return failed("%s/%s was made by another toactl: run `toactl unload` first",
			      l->options->pin, name);
	if (!err)
		err = bpf_map__reuse_fd(map, fd);
	close(fd);
	return err ? failed_errno(-err, "cannot take over %s/%s", l->options->pin, name) : 0;
}

/* The read-only data section holds the settings and nothing else. */
static int find_settings(struct loading *l)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, l->object)
		if (bpf_map__is_internal(map) && strstr(bpf_map__name(map), ".rodata"))
			l->settings = map;
	if (!l->settings || bpf_map__value_size(l->settings) != sizeof(struct toa_settings))
		return failed("the receiver object inside this toactl is broken: rebuild it");
	return 0;
}

static int configure(struct loading *l)
{
	struct toa_settings settings = {.abi = RECEIVER_ABI, .version = CLEARNAT_VERSION};
	int err;

	settings.trust_any = l->options->trust_any;
	memcpy(settings.kinds, l->options->kinds, sizeof(settings.kinds));
	memcpy(settings.cgroup, l->cgroup, sizeof(settings.cgroup));
	err = bpf_map__set_initial_value(l->settings, &settings, sizeof(settings));
	return err ? failed_errno(-err, "cannot set the receiver's settings") : 0;
}

static int explain_load_failure(int error)
{
	struct utsname system;

	fputs(libbpf_log, stderr);
	if (uname(&system))
		return failed_errno(error, "the kernel refused the receiver");
	return failed_errno(error,
			    "the kernel (%s) refused the receiver; it needs Linux 5.10 or newer "
			    "with CONFIG_CGROUP_BPF: use toa.ko on others",
			    system.release);
}

static int open_object(struct loading *l)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "clearnat_toa");
	int status;

	l->object =
		bpf_object__open_mem(receiver_object, receiver_object_end - receiver_object, &opts);
	if (!l->object)
		return explain_load_failure(errno);
	status = find_settings(l);
	if (!status)
		status = configure(l);
	if (!status && l->update)
		status = reuse_map(l, "clients") ?: reuse_map(l, "counters");
	if (status)
		return status;
	status = bpf_object__load(l->object);
	return status ? explain_load_failure(-status) : 0;
}

static int fill_trust(struct loading *l)
{
	int fd = bpf_object__find_map_fd_by_name(l->object, "trust");
	__u32 one = 1;

	for (size_t i = 0; i < l->options->trust_count; i++) {
		int err = bpf_map_update_elem(fd, &l->options->trust[i], &one, BPF_ANY);

		if (err)
			return failed_errno(-err,
					    "cannot store entry %zu of the trust list (at most %d)",
					    i + 1, TOA_TRUST_MAX);
	}
	return 0;
}

static int attach_new(struct loading *l, const struct hook *hook, int program_fd)
{
	struct pin_path path = pin_path(l->options->pin, hook->link);
	int fd = bpf_link_create(program_fd, l->cgroup_fd, hook->attach_type, NULL);
	int err;

	if (fd == -EPERM && geteuid() == 0)
		return failed("cannot attach %s to %s: a program without BPF_F_ALLOW_MULTI is "
			      "attached there or above (see `bpftool cgroup tree`)",
			      hook->program, l->cgroup);
	if (fd < 0)
		return failed_errno(-fd, "cannot attach %s to %s", hook->program, l->cgroup);
	err = bpf_obj_pin(fd, path.text);
	close(fd);
	return err ? failed_errno(-err, "cannot pin %s", path.text) : 0;
}

/* Swaps the program behind a link; a link whose cgroup is gone is made anew. */
static int attach(struct loading *l, const struct hook *hook)
{
	struct bpf_program *program = bpf_object__find_program_by_name(l->object, hook->program);
	int program_fd = bpf_program__fd(program);
	int link_fd = pin_get(l->options->pin, hook->link);
	long long id;
	int err;

	if (link_fd < 0)
		return attach_new(l, hook, program_fd);
	id = link_cgroup_id(link_fd);
	if (id > 0 && id != l->cgroup_id) {
		close(link_fd);
		return failed("--cgroup '%s': the receiver is loaded for another cgroup: run "
			      "`toactl unload` first, or leave --cgroup out",
			      l->cgroup);
	}
	if (id == 0) {
		close(link_fd);
		unlink(pin_path(l->options->pin, hook->link).text);
		return attach_new(l, hook, program_fd);
	}
	err = bpf_link_update(link_fd, program_fd, NULL);
	close(link_fd);
	return err ? failed_errno(-err, "cannot replace %s", hook->program) : 0;
}

/* Pins MAP as NAME, replacing what is there in one step (dots are not allowed). */
static int pin_map(struct loading *l, const struct bpf_map *map, const char *name)
{
	struct pin_path path = pin_path(l->options->pin, name), fresh = path;
	int err;

	if (access(path.text, F_OK)) {
		err = bpf_obj_pin(bpf_map__fd(map), path.text);
		return err ? failed_errno(-err, "cannot pin %s", path.text) : 0;
	}
	strncat(fresh.text, "_new", sizeof(fresh.text) - strlen(fresh.text) - 1);
	unlink(fresh.text);
	err = bpf_obj_pin(bpf_map__fd(map), fresh.text);
	if (!err && rename(fresh.text, path.text))
		err = -errno;
	return err ? failed_errno(-err, "cannot pin %s", path.text) : 0;
}

static int pin_maps(struct loading *l)
{
	static const char *const kept[] = {"clients", "counters"};

	for (int i = 0; i < 2; i++) {
		if (!access(pin_path(l->options->pin, kept[i]).text, F_OK))
			continue;
		if (pin_map(l, bpf_object__find_map_by_name(l->object, kept[i]), kept[i]))
			return EXIT_FAILED;
	}
	return pin_map(l, bpf_object__find_map_by_name(l->object, "trust"), "trust")
		       ?: pin_map(l, l->settings, "settings");
}

static int load(struct loading *l)
{
	int status = open_cgroup(l);

	if (!status)
		status = open_object(l);
	if (!status)
		status = fill_trust(l);
	for (int i = 0; i < LINK_COUNT && !status; i++)
		status = attach(l, &hooks[i]);
	return status ? status : pin_maps(l);
}

int receiver_load(const struct load_options *options)
{
	struct loading l = {.options = options, .cgroup_fd = -1};
	int status;

	libbpf_set_print(keep_log);
	status = pins_make_dir(options->pin);
	if (!status)
		status = pins_lock(options->pin);
	if (status)
		return status;
	l.update = pins_exist(options->pin);
	status = load(&l);
	if (status && !l.update)
		pins_remove(options->pin);
	else if (!status)
		printf("%s: %s, %s\n", l.update ? "updated" : "loaded", l.cgroup, options->pin);
	bpf_object__close(l.object);
	if (l.cgroup_fd >= 0)
		close(l.cgroup_fd);
	return status;
}

int receiver_unload(const char *dir)
{
	if (access(dir, F_OK)) {
		printf("nothing loaded in %s\n", dir);
		return 0;
	}
	if (pins_lock(dir) || pins_remove(dir))
		return EXIT_FAILED;
	printf("unloaded: %s\n", dir);
	return 0;
}
