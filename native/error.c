// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "clearnat.h"

int cn_fail(struct cn_error *e, int err, const char *syscall, const char *fmt, ...)
{
	va_list args;
	char *detail = NULL;

	if (err < 0)
		err = -err;
	va_start(args, fmt);
	if (vasprintf(&detail, fmt, args) < 0)
		detail = NULL;
	va_end(args);
	free(e->detail);
	e->err = err;
	e->syscall = syscall;
	e->detail = detail;
	return -err;
}

void cn_error_clear(struct cn_error *e)
{
	free(e->detail);
	free(e->log);
	*e = (struct cn_error){0};
}
