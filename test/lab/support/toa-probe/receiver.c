// SPDX-License-Identifier: Apache-2.0
/* Loading and reading the receiver under test. */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe.h"

struct receiver_setup receiver = { "bpf", "./toactl", "./toa.ko", NULL, NULL };

static const char *const default_options[] = { "--trust", TRUST4, "--trust", TRUST6, NULL };
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
	char *argv[24] = { (char *)receiver.toactl };
	int argc = 1;

	for (; *words; words++)
		argv[argc++] = (char *)*words;
	argv[argc++] = "--pin";
	argv[argc++] = pin_path;
	if (run_outside(argv, output ? output : text, output ? size : sizeof(text)))
		fail("toactl %s: %s", argv[1], output ? output : text);
}

void receiver_load(const char *const *options)
{
	const char *words[20] = { "load", "--cgroup", cgroup_path };
	int count = 3;

	for (options = options ? options : default_options; *options; options++)
		words[count++] = *options;
	toactl(NULL, 0, words);
}

void receiver_unload(void)
{
	toactl(NULL, 0, (const char *const[]){ "unload", NULL });
}

void receiver_trust(const char *verb, const char *cidr)
{
	toactl(NULL, 0, (const char *const[]){ "trust", verb, cidr, NULL });
}

static unsigned long long number_after(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	if (!at)
		fail("no %s in '%s'", name, text);
	return strtoull(at + strlen(name), NULL, 10);
}

struct counters receiver_counters(void)
{
	char text[8192];

	toactl(text, sizeof(text), (const char *const[]){ "status", "-o", "json", NULL });
	return (struct counters){
		.seen = number_after(text, "\"seen\":"),
		.accepted = number_after(text, "\"accepted\":"),
		.untrusted = number_after(text, "\"untrusted\":"),
		.malformed = number_after(text, "\"malformed\":"),
		.v4 = number_after(text, "\"v4\":"),
		.v6 = number_after(text, "\"v6\":"),
	};
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
