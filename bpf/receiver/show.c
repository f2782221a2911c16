// SPDX-License-Identifier: GPL-2.0
/* status and the trust list of a loaded receiver. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "toactl.h"

struct state {
	struct toa_settings settings;
	struct toa_counters counters;
	bool attached;
};

static const struct {
	const char *name;
	size_t offset;
} counter_list[] = {
	{"seen", offsetof(struct toa_counters, seen)},
	{"accepted", offsetof(struct toa_counters, accepted)},
	{"untrusted", offsetof(struct toa_counters, untrusted)},
	{"malformed", offsetof(struct toa_counters, malformed)},
	{"v4", offsetof(struct toa_counters, v4)},
	{"v6", offsetof(struct toa_counters, v6)},
	{"no_memory", offsetof(struct toa_counters, no_memory)},
};

enum { COUNTERS = sizeof(counter_list) / sizeof(counter_list[0]) };

static unsigned long long *counter(struct toa_counters *counters, int i)
{
	return (unsigned long long *)((char *)counters + counter_list[i].offset);
}

/* The sum over all CPUs. */
static int read_counters(const char *dir, struct toa_counters *sum)
{
	int cpus = libbpf_num_possible_cpus();
	struct toa_counters *each;
	__u32 zero = 0;
	int fd, err;

	if (pin_open(dir, "counters", &fd))
		return EXIT_FAILED;
	each = calloc(cpus > 0 ? cpus : 1, sizeof(*each));
	if (!each || cpus < 0) {
		free(each);
		return failed("cannot count the CPUs");
	}
	err = bpf_map_lookup_elem(fd, &zero, each);
	close(fd);
	for (int cpu = 0; cpu < cpus && !err; cpu++)
		for (int i = 0; i < COUNTERS; i++)
			*counter(sum, i) += *counter(&each[cpu], i);
	free(each);
	return err ? failed_errno(-err, "cannot read %s/counters", dir) : 0;
}

static bool all_attached(const char *dir)
{
	for (int i = 0; i < LINK_COUNT; i++) {
		int fd = pin_get(dir, hooks[i].link);
		long long id = fd < 0 ? 0 : link_cgroup_id(fd);

		if (fd >= 0)
			close(fd);
		if (id <= 0)
			return false;
	}
	return true;
}

/* Calls EACH for every entry of the trust list. */
static int for_each_trust(const char *dir, void (*each)(const char *cidr, int index))
{
	struct toa_trust_key key, *previous = NULL, last;
	char text[CIDR_TEXT];
	int fd, index = 0;

	if (pin_open(dir, "trust", &fd))
		return EXIT_FAILED;
	while (!bpf_map_get_next_key(fd, previous, &key)) {
		cidr_format(&key, text);
		each(text, index++);
		last = key;
		previous = &last;
	}
	close(fd);
	return 0;
}

static void print_json_item(const char *cidr, int index)
{
	printf("%s\"%s\"", index ? "," : "", cidr);
}

static void print_word(const char *cidr, int index)
{
	(void)index;
	printf(" %s", cidr);
}

static void print_line(const char *cidr, int index)
{
	(void)index;
	printf("%s\n", cidr);
}

static void print_json_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			printf("\\u%04x", *text);
		else
			putchar(*text);
	}
	putchar('"');
}

static void print_status_json(const char *dir, struct state *state)
{
	printf("{\"loaded\":true,\"attached\":%s,\"version\":\"%s\",\"cgroup\":",
	       state->attached ? "true" : "false", state->settings.version);
	print_json_string(state->settings.cgroup);
	printf(",\"pin\":");
	print_json_string(dir);
	printf(",\"kinds\":[");
	for (int i = 0; i < TOA_KINDS_MAX && state->settings.kinds[i]; i++)
		printf("%s%d", i ? "," : "", state->settings.kinds[i]);
	printf("],\"trust_any\":%s,\"trust\":[", state->settings.trust_any ? "true" : "false");
	for_each_trust(dir, print_json_item);
	printf("],\"counters\":{");
	for (int i = 0; i < COUNTERS; i++)
		printf("%s\"%s\":%llu", i ? "," : "", counter_list[i].name,
		       *counter(&state->counters, i));
	printf("}}\n");
}

static void print_status_text(const char *dir, struct state *state)
{
	printf("receiver   %s %s\n", state->settings.version,
	       state->attached ? "attached" : "DETACHED (its cgroup was removed: load again)");
	printf("cgroup     %s\npin        %s\nkinds     ", state->settings.cgroup, dir);
	for (int i = 0; i < TOA_KINDS_MAX && state->settings.kinds[i]; i++)
		printf(" %d", state->settings.kinds[i]);
	printf("\ntrust     ");
	if (state->settings.trust_any)
		printf(" any source");
	else
		for_each_trust(dir, print_word);
	printf("\n");
	for (int i = 0; i < COUNTERS; i++)
		printf("%-10s %llu\n", counter_list[i].name, *counter(&state->counters, i));
}

int receiver_status(const char *dir, bool json)
{
	struct state state = {};

	if (!pins_exist(dir)) {
		if (json)
			printf("{\"loaded\":false}\n");
		else
			printf("not loaded (nothing pinned in %s)\n", dir);
		return EXIT_FAILED;
	}
	if (settings_read(dir, &state.settings) || read_counters(dir, &state.counters))
		return EXIT_FAILED;
	state.attached = all_attached(dir);
	if (json)
		print_status_json(dir, &state);
	else
		print_status_text(dir, &state);
	return state.attached ? 0 : EXIT_FAILED;
}

int trust_list(const char *dir, bool json)
{
	int status;

	if (!json)
		return for_each_trust(dir, print_line);
	if (!pins_exist(dir))
		return failed("no receiver is loaded (nothing pinned in %s)", dir);
	printf("[");
	status = for_each_trust(dir, print_json_item);
	printf("]\n");
	return status;
}

static int change_one(int fd, bool add, const char *text, const struct toa_trust_key *key)
{
	__u32 one = 1;
	int err = add ? bpf_map_update_elem(fd, key, &one, BPF_ANY) : bpf_map_delete_elem(fd, key);

	if (err == -ENOENT)
		return failed(
			"trust remove: '%s' is not in the trust list (see `toactl trust list`)",
			text);
	if (err == -ENOSPC)
		return failed("trust add: '%s': the trust list is full (%d entries)", text,
			      TOA_TRUST_MAX);
	return err ? failed_errno(-err, "trust %s '%s'", add ? "add" : "remove", text) : 0;
}

/* All arguments are checked before the first change. */
int trust_change(const char *dir, bool add, char **cidrs, int count)
{
	struct toa_settings settings;
	struct toa_trust_key key;
	char why[160];
	int fd, status = 0;

	for (int i = 0; i < count; i++)
		if (cidr_parse(cidrs[i], &key, why, sizeof(why)))
			return usage_error("trust %s: %s, got '%s'", add ? "add" : "remove", why,
					   cidrs[i]);
	if (settings_read(dir, &settings))
		return EXIT_FAILED;
	if (settings.trust_any)
		fprintf(stderr,
			"toactl: note: loaded with --trust-any, so the list has no effect\n");
	if (pin_open(dir, "trust", &fd))
		return EXIT_FAILED;
	for (int i = 0; i < count && !status; i++) {
		cidr_parse(cidrs[i], &key, why, sizeof(why));
		status = change_one(fd, add, cidrs[i], &key);
	}
	close(fd);
	return status;
}
