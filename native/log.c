// SPDX-License-Identifier: Apache-2.0
/*
 * libbpf explains its failures, and the verifier's, only through its print
 * callback, which is one per process; the thread that loads an object collects
 * what concerns it here.
 */
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clearnat.h"

#define LOG_BEGIN "-- BEGIN PROG LOAD LOG --\n"
#define LOG_END	  "-- END PROG LOAD LOG --"

/* libbpf.mjs makes a static libbpf use this for stderr. */
__attribute__((visibility("hidden"))) FILE *clearnat_stderr;

static bool debug;
static _Thread_local struct cn_log *current;

static void append(struct cn_log *log, const char *text, size_t len)
{
	size_t size = log->size ? log->size : 1024;
	char *grown;

	while (size < log->len + len + 1)
		size *= 2;
	if (size != log->size) {
		grown = realloc(log->text, size);
		if (!grown)
			return;
		log->text = grown;
		log->size = size;
	}
	memcpy(log->text + log->len, text, len);
	log->len += len;
	log->text[log->len] = '\0';
}

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	va_list again;
	char *text;
	int len;

	if (debug) {
		va_copy(again, args);
		vfprintf(stderr, format, again);
		va_end(again);
	}
	if (!current || level != LIBBPF_WARN)
		return 0;
	len = vasprintf(&text, format, args);
	if (len < 0)
		return 0;
	append(current, text, (size_t)len);
	free(text);
	return len;
}

void cn_log_setup(void)
{
	clearnat_stderr = stderr;
	debug = getenv("CLEARNAT_LIBBPF_DEBUG") != NULL;
	libbpf_set_print(print);
}

void cn_log_begin(struct cn_log *log)
{
	*log = (struct cn_log){0};
	current = log;
}

void cn_log_end(void)
{
	current = NULL;
}

/* The first line of libbpf's own words, without its "libbpf: ". */
static void set_detail(const char *text, struct cn_error *e)
{
	size_t len;
	char *joined;

	if (!strncmp(text, "libbpf: ", 8))
		text += 8;
	len = strcspn(text, "\n");
	if (asprintf(&joined, "%s: %.*s", e->detail ? e->detail : "", (int)len, text) < 0)
		return;
	free(e->detail);
	e->detail = joined;
}

void cn_log_finish(struct cn_log *log, struct cn_error *e)
{
	char *begin, *end;

	if (!log->text)
		return;
	begin = strstr(log->text, LOG_BEGIN);
	if (begin) {
		begin += strlen(LOG_BEGIN);
		end = strstr(begin, LOG_END);
		e->log = strndup(begin, end ? (size_t)(end - begin) : strlen(begin));
	}
	set_detail(log->text, e);
	free(log->text);
	*log = (struct cn_log){0};
}
