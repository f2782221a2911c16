// SPDX-License-Identifier: Apache-2.0
/* Arguments, and one child process for each case. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

enum { FAILED = 1, SKIPPED = 77, CASE_SECONDS = 120 };

static int reason_fd = -1; /* where a case says why */
static const struct test_group *const groups[] = {&option_cases, &socket_cases, &lifetime_cases,
						  &user_cases};
static int passed, failures, skipped;
static volatile sig_atomic_t stopped; /* by a signal: clean up and end */

static const char help[] =
	"Usage: toa-probe [OPTION]... [CASE]...\n"
	"Checks a receiver with real sockets and hand-made packets; root only.\n"
	"\n"
	"  --receiver bpf|module  what to test (default: bpf)\n"
	"  --toactl PATH          for bpf (default: ./toactl)\n"
	"  --module PATH          for module: toa.ko (default: ./toa.ko)\n"
	"  --list                 print the names of the cases\n"
	"\n"
	"Prints `ok CASE`, `ok CASE # SKIP reason` or `not ok CASE reason`, and at the end\n"
	"`toa-probe: N passed, N failed, N skipped`. Exit status 1 when a case failed.\n";

static __attribute__((noreturn)) void leave(int status, const char *format, va_list args,
					    const char *more)
{
	dprintf(reason_fd, "%s", "");
	vdprintf(reason_fd, format, args);
	if (more)
		dprintf(reason_fd, ": %s", more);
	_exit(status);
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	leave(FAILED, format, args, NULL);
}

void fail_errno(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	leave(FAILED, format, args, strerror(error));
}

void skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	leave(SKIPPED, format, args, NULL);
}

static void report(const char *name, int status, const char *reason)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		passed++;
		printf("ok %s\n", name);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
		skipped++;
		printf("ok %s # SKIP %s\n", name, reason);
	} else {
		failures++;
		if (WIFSIGNALED(status))
			printf("not ok %s killed by signal %d %s\n", name, WTERMSIG(status),
			       reason);
		else
			printf("not ok %s %s\n", name, reason);
	}
	fflush(stdout);
}

/* Each case starts with the suite's default receiver and ends with its process. */
static void run_case(const struct test_case *test)
{
	char reason[512] = "";
	int pipes[2], status;
	ssize_t size;
	pid_t pid;

	if (pipe(pipes))
		exit(FAILED);
	pid = fork();
	if (pid < 0)
		exit(FAILED);
	if (pid == 0) {
		close(pipes[0]);
		reason_fd = pipes[1];
		setpgid(0, 0); /* its helpers die with it */
		alarm(CASE_SECONDS);
		receiver_load(NULL);
		test->run(test->argument);
		_exit(0);
	}
	close(pipes[1]);
	while (waitpid(pid, &status, 0) < 0)
		kill(pid, SIGKILL); /* interrupted: stop() */
	kill(-pid, SIGKILL);
	size = read(pipes[0], reason, sizeof(reason) - 1);
	reason[size > 0 ? size : 0] = '\0';
	close(pipes[0]);
	report(test->name, status, reason);
}

static void stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static bool chosen(const char *name, char **wanted, int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(name, wanted[i]))
			return true;
	return count == 0;
}

static void each_case(void (*action)(const struct test_case *), char **wanted, int count)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (size_t i = 0; i < groups[g]->count; i++)
			if (!stopped && chosen(groups[g]->cases[i].name, wanted, count))
				action(&groups[g]->cases[i]);
}

static void print_name(const struct test_case *test)
{
	puts(test->name);
}

static void take_option(int id)
{
	switch (id) {
	case 'r':
		receiver.kind = optarg;
		if (strcmp(optarg, "bpf") && strcmp(optarg, "module")) {
			fprintf(stderr, "--receiver: expected bpf or module, got '%s'\n", optarg);
			exit(2);
		}
		return;
	case 't':
		receiver.toactl = optarg;
		return;
	case 'm':
		receiver.module = optarg;
		return;
	case 'l':
		each_case(print_name, NULL, 0);
		exit(0);
	case 'h':
		fputs(help, stdout);
		exit(0);
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"receiver", required_argument, NULL, 'r'},
		{"toactl", required_argument, NULL, 't'},
		{"module", required_argument, NULL, 'm'},
		{"list", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{},
	};
	const struct sigaction on_stop = {.sa_handler = stop};
	int id;

	while ((id = getopt_long(argc, argv, "h", options, NULL)) != -1)
		take_option(id);
	reason_fd = STDERR_FILENO;
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &on_stop, NULL);
	sigaction(SIGINT, &on_stop, NULL);
	receiver_prepare();
	net_setup();
	each_case(run_case, argv + optind, argc - optind);
	receiver_cleanup();
	printf("toa-probe: %d passed, %d failed, %d skipped\n", passed, failures, skipped);
	return stopped || failures || !(passed + skipped) ? FAILED : 0;
}
