/* SPDX-License-Identifier: Apache-2.0 */
/* What engine.c, probe.c and ping.c share. */
#ifndef CLEARNAT_ENGINE_H
#define CLEARNAT_ENGINE_H

#include "clearnat.h"

/* ---- deadlines.c: a binary heap of waits, the earliest first ---------------- */

/* Part of every probe. */
struct cn_wait {
	uint64_t deadline; /* nanoseconds, CLOCK_MONOTONIC */
	uint32_t index;	   /* in the heap */
	void (*expired)(struct cn_engine *engine, struct cn_wait *wait, int err);
};

struct cn_deadlines {
	struct cn_wait **waits;
	uint32_t count;
	uint32_t size;
};

int cn_deadlines_add(struct cn_deadlines *d, struct cn_wait *wait);
void cn_deadlines_remove(struct cn_deadlines *d, struct cn_wait *wait);
/* NULL when empty. */
struct cn_wait *cn_deadlines_first(const struct cn_deadlines *d);
void cn_deadlines_free(struct cn_deadlines *d);

/* ---- engine.c ------------------------------------------------------------------ */

/* First member of everything that epoll reports. */
struct cn_source {
	int fd;
	void (*ready)(struct cn_engine *engine, struct cn_source *source, uint32_t events);
};

struct cn_pinger;

struct cn_engine {
	int epoll;
	struct cn_deadlines deadlines;
	struct cn_pinger *pingers[2]; /* IPv4, IPv6; made at first use */
};

uint64_t cn_now(void);
int cn_engine_watch(struct cn_engine *engine, struct cn_source *source, uint32_t events);

/* ---- ping.c --------------------------------------------------------------------- */

void cn_pinger_free(struct cn_pinger *pinger);

#define cn_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
