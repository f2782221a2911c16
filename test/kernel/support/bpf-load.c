// SPDX-License-Identifier: Apache-2.0
/* bpf-load OBJECT...: loads BPF objects and prints what each program cost the
 * verifier, "OBJECT PROGRAM INSNS", INSNS being the instructions it walked
 * through (its limit is 1,000,000). Exit status 1 when one does not load. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

enum { LOG_STATS = 4, LOG_SIZE = 1 << 24, MAX_PROGRAMS = 64 };

static char *logs[MAX_PROGRAMS];

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int ask_for_logs(struct bpf_object *object)
{
	struct bpf_program *prog;
	int i = 0;

	bpf_object__for_each_program (prog, object) {
		if (i == MAX_PROGRAMS)
			break;
		logs[i] = calloc(1, LOG_SIZE);
		if (!logs[i])
			return -ENOMEM;
		bpf_program__set_log_buf(prog, logs[i++], LOG_SIZE);
		bpf_program__set_log_level(prog, LOG_STATS);
	}
	return 0;
}

static void print_costs(struct bpf_object *object, const char *path)
{
	struct bpf_program *prog;
	int i = 0;

	bpf_object__for_each_program (prog, object) {
		const char *processed = i < MAX_PROGRAMS ? strstr(logs[i], "processed ") : NULL;

		printf("%s %s %s\n", basename_of(path), bpf_program__name(prog),
		       processed ? strtok(logs[i] + (processed - logs[i]) + 10, " ") : "?");
		free(logs[i++]);
	}
}

/* What the verifier said last, program by program, each loaded without the others. */
static void say_why(const char *path)
{
	const char *names[MAX_PROGRAMS];
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *prog;
	int count = 0, i;

	if (!object)
		return;
	bpf_object__for_each_program (prog, object)
		if (count < MAX_PROGRAMS)
			names[count++] = strdup(bpf_program__name(prog));
	bpf_object__close(object);
	for (i = 0; i < count; i++) {
		char *log = calloc(1, LOG_SIZE);
		size_t length;

		object = bpf_object__open_file(path, NULL);
		bpf_object__for_each_program (prog, object)
			bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), names[i]));
		prog = bpf_object__find_program_by_name(object, names[i]);
		bpf_program__set_log_buf(prog, log, LOG_SIZE);
		bpf_program__set_log_level(prog, 1);
		bpf_object__load(object);
		length = strlen(log);
		if (bpf_program__fd(prog) < 0)
			fprintf(stderr, "%s:\n%s\n", names[i],
				length > 3000 ? log + length - 3000 : log);
		bpf_object__close(object);
		free(log);
	}
}

static int load(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	int error;

	if (!object) {
		fprintf(stderr, "%s: cannot be opened: %s\n", path, strerror(errno));
		return 1;
	}
	error = ask_for_logs(object);
	if (!error)
		error = bpf_object__load(object);
	if (error) {
		fprintf(stderr, "%s: does not load: %s\n", path, strerror(-error));
		say_why(path);
	} else {
		print_costs(object, path);
	}
	bpf_object__close(object);
	return error != 0;
}

int main(int argc, char **argv)
{
	int failures = 0;

	libbpf_set_print(print);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	for (int i = 1; i < argc; i++)
		failures += load(argv[i]);
	return argc < 2 || failures != 0;
}
