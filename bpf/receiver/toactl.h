/* SPDX-License-Identifier: GPL-2.0 */
/* toactl's parts: cidr.c (text of prefixes), pins.c (what is pinned where), load.c
 * (load, update, unload), show.c (status, trust list), toactl.c (arguments). */
#ifndef CLEARNAT_TOACTL_H
#define CLEARNAT_TOACTL_H

#include <stdbool.h>
#include <stddef.h>

#include "receiver.h"

#define CLEARNAT_VERSION "0.1.0"
#define DEFAULT_PIN_DIR	 "/sys/fs/bpf/clearnat-toa"

/* Exit statuses, and what every function below returns on failure. */
enum exit_status { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Says "toactl: MESSAGE" on stderr; returns the status to exit with. */
__attribute__((format(printf, 1, 2))) int failed(const char *format, ...);
__attribute__((format(printf, 1, 2))) int usage_error(const char *format, ...);
/* As failed(), with the text of errno and, for EPERM and EACCES, what to do. */
__attribute__((format(printf, 2, 3))) int failed_errno(int error, const char *format, ...);

/* ---- cidr.c ---- */

#define CIDR_TEXT 64

/* "10.0.1.0/24", "2001:db8::/64" or a bare address. 0, or -1 with what is wrong in WHY. */
int cidr_parse(const char *text, struct toa_trust_key *key, char *why, size_t why_size);
void cidr_format(const struct toa_trust_key *key, char out[CIDR_TEXT]);

/* ---- pins.c ---- */

enum { LINK_COUNT = 4 };

/* One program: its name in the object, its pinned link, where it attaches. */
struct hook {
	const char *program;
	const char *link;
	int attach_type;
};

/* In the order of attaching: the program that fills the storage comes last. */
extern const struct hook hooks[LINK_COUNT];

struct pin_path {
	char text[4096];
};

struct pin_path pin_path(const char *dir, const char *name);
/* A pinned object's fd, or -1 with errno (ENOENT: not loaded). */
int pin_get(const char *dir, const char *name);
/* The same with a message; returns the exit status. */
int pin_open(const char *dir, const char *name, int *fd);
/* True when anything of a receiver is pinned in DIR. */
bool pins_exist(const char *dir);
/* Makes DIR on a bpffs, mounting one on /sys/fs/bpf when there is none. */
int pins_make_dir(const char *dir);
/* Holds off other toactls: the lock is released at exit. */
int pins_lock(const char *dir);
/* Detaches every program, removes every pin and DIR. */
int pins_remove(const char *dir);
/* Cgroup id of a pinned link: 0 when the cgroup was removed; -1 with errno. */
long long link_cgroup_id(int link_fd);
int settings_read(const char *dir, struct toa_settings *settings);
/* Where the cgroup2 hierarchy is mounted; -1 when it is not. */
int cgroup2_mount(char *out, size_t size);

/* ---- load.c ---- */

struct load_options {
	const char *cgroup; /* NULL: the whole cgroup2 hierarchy, or where it was loaded before */
	const char *pin;
	bool trust_any;
	struct toa_trust_key *trust;
	size_t trust_count;
	__u8 kinds[TOA_KINDS_MAX];
};

int receiver_load(const struct load_options *options);
int receiver_unload(const char *dir);

/* ---- show.c ---- */

int receiver_status(const char *dir, bool json);
int trust_list(const char *dir, bool json);
int trust_change(const char *dir, bool add, char **cidrs, int count);

#endif
