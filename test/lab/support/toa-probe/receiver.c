// SPDX-License-Identifier: Apache-2.0
/* Loading and reading the receiver under test. */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

struct receiver_setup receiver = {"bpf", "./toactl", "./toa.ko", NULL, NULL};

static const char *const default_options[] = {"--trust", TRUST4, "--trust", TRUST6, NULL};
static char cgroup_path[512], cgroup_parent[400], pin_path[128];

static bool is_bpf(void)
{
	return !strcmp(receiver.kind, "bpf");
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail_errno("cannot write '%s' into %s", text, path);
	close(fd);
}

static void find_cgroup2(void)
{
	FILE *mounts = setmntent("/proc/mounts", "r");
	struct mntent *entry;

	while (mounts && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_type, "cgroup2")) {
			snprintf(cgroup_parent, sizeof(cgroup_parent), "%s", entry->mnt_dir);
			break;
		}
	if (mounts)
		endmntent(mounts);
	if (!cgroup_parent[0])
		fail("no cgroup2 hierarchy is mounted");
}

/* A cgroup of our own: sockets made from here on belong to it, others' do not. */
static void prepare_bpf(void)
{
	char procs[600];

	find_cgroup2();
	snprintf(cgroup_path, sizeof(cgroup_path), "%s/toa-probe-%d", cgroup_parent, getpid());
	snprintf(pin_path, sizeof(pin_path), "/sys/fs/bpf/toa-probe-%d", getpid());
	receiver.cgroup = cgroup_path;
	receiver.pin = pin_path;
	if (mkdir(cgroup_path, 0755))
		fail_errno("cannot make %s", cgroup_path);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup_path);
	write_file(procs, "0");
}

void receiver_prepare(void)
{
	if (is_bpf())
		prepare_bpf();
}

void receiver_cleanup(void)
{
	char procs[600];

	receiver_unload();
	if (!is_bpf())
		return;
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup_parent);
	write_file(procs, "0");
	for (int i = 0; i < 100 && rmdir(cgroup_path) && errno == EBUSY; i++)
		usleep(20000); /* children that were just killed */
}

/* toactl VERB... ; its output is the reason when it fails. */
static void toactl(char *output, size_t size, const char *const *words)
{
	char text[2048];
	char *argv[24] = {(char *)receiver.toactl};
	int argc = 1;

	for (; *words; words++)
		argv[argc++] = (char *)*words;
	argv[argc++] = "--pin";
	argv[argc++] = pin_path;
	if (run_outside(argv, output ? output : text, output ? size : sizeof(text)))
		fail("toactl %s: %s", argv[1], output ? output : text);
}

/* ---- toa.ko ---- */

#define PARAMETERS "/sys/module/toa/parameters/"

struct parameters {
	char trust[512], kinds[64];
	const char *trust_any;
};

static void append(char *list, size_t size, const char *word)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? "," : "", word);
}

static struct parameters parameters_from(const char *const *options)
{
	struct parameters parameters = {.trust_any = "0"};

	for (; *options; options++)
		if (!strcmp(*options, "--trust"))
			append(parameters.trust, sizeof(parameters.trust), *++options);
		else if (!strcmp(*options, "--kind"))
			append(parameters.kinds, sizeof(parameters.kinds), *++options);
		else
			parameters.trust_any = "1";
	if (!parameters.kinds[0])
		strcpy(parameters.kinds, "254,200,253,28");
	return parameters;
}

static void module_load(const char *const *options)
{
	struct parameters parameters = parameters_from(options);
	char text[800];
	int fd;

	if (!access(PARAMETERS, F_OK)) {
		append(parameters.trust, sizeof(parameters.trust), "\n"); /* never empty */
		write_file(PARAMETERS "trust", parameters.trust);
		write_file(PARAMETERS "trust_any", parameters.trust_any);
		write_file(PARAMETERS "kinds", parameters.kinds);
		return;
	}
	snprintf(text, sizeof(text), "trust=%s trust_any=%s kinds=%s", parameters.trust,
		 parameters.trust_any, parameters.kinds);
	fd = open(receiver.module, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, text, 0))
		fail_errno("cannot load %s with '%s'", receiver.module, text);
	close(fd);
}

static void module_unload(void)
{
	if (syscall(SYS_delete_module, "toa", O_NONBLOCK) && errno != ENOENT)
		fail_errno("cannot unload toa");
}

static void module_trust(const char *verb, const char *cidr)
{
	char text[128];

	snprintf(text, sizeof(text), "%c%s", strcmp(verb, "add") ? '-' : '+', cidr);
	write_file(PARAMETERS "trust", text);
}

static void module_status(char *text, size_t size)
{
	int fd = open("/proc/net/toa", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	if (length < 0)
		fail_errno("/proc/net/toa");
	text[length] = '\0';
	close(fd);
}

/* ---- either ---- */

void receiver_load(const char *const *options)
{
	const char *words[20] = {"load", "--cgroup", cgroup_path};
	int count = 3;

	options = options ? options : default_options;
	if (!is_bpf()) {
		module_load(options);
		return;
	}
	for (; *options; options++)
		words[count++] = *options;
	toactl(NULL, 0, words);
}

void receiver_unload(void)
{
	if (is_bpf())
		toactl(NULL, 0, (const char *const[]){"unload", NULL});
	else
		module_unload();
}

void receiver_trust(const char *verb, const char *cidr)
{
	if (is_bpf())
		toactl(NULL, 0, (const char *const[]){"trust", verb, cidr, NULL});
	else
		module_trust(verb, cidr);
}

/* `"name":N` in JSON, `name N` in /proc/net/toa. */
static unsigned long long number(const char *text, const char *name)
{
	char label[32];
	const char *at;

	snprintf(label, sizeof(label), is_bpf() ? "\"%s\":" : "%s ", name);
	at = strstr(text, label);
	if (!at)
		fail("no %s in '%s'", name, text);
	return strtoull(at + strlen(label), NULL, 10);
}

struct counters receiver_counters(void)
{
	char text[8192];

	if (is_bpf())
		toactl(text, sizeof(text), (const char *const[]){"status", "-o", "json", NULL});
	else
		module_status(text, sizeof(text));
	return (struct counters){
		.seen = number(text, "seen"),
		.accepted = number(text, "accepted"),
		.untrusted = number(text, "untrusted"),
		.malformed = number(text, "malformed"),
		.v4 = number(text, "v4"),
		.v6 = number(text, "v6"),
	};
}

long receiver_entries(void)
{
	char text[8192];

	if (is_bpf())
		return -1;
	module_status(text, sizeof(text));
	return number(text, "entries");
}

static void expect_count(const char *name, unsigned long long before, unsigned long long after,
			 unsigned long long change)
{
	if (after - before != change)
		fail("counter %s: expected +%llu, got +%lld", name, change,
		     (long long)(after - before));
}

void expect_counters(struct counters before, struct counters change)
{
	struct counters after = receiver_counters();

	expect_count("seen", before.seen, after.seen, change.seen);
	expect_count("accepted", before.accepted, after.accepted, change.accepted);
	expect_count("untrusted", before.untrusted, after.untrusted, change.untrusted);
	expect_count("malformed", before.malformed, after.malformed, change.malformed);
	expect_count("v4", before.v4, after.v4, change.v4);
	expect_count("v6", before.v6, after.v6, change.v6);
}
