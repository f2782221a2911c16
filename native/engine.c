// SPDX-License-Identifier: Apache-2.0
/*
 * Thousands of probes on one thread: their sockets in one epoll set, their
 * deadlines in one heap.
 */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_PER_WAIT 256
#define WAITS_PER_RUN	16 /* then the event loop has its turn */

uint64_t cn_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct cn_engine *cn_engine_new(struct cn_error *e)
{
	struct cn_engine *engine = calloc(1, sizeof(*engine));

	if (!engine) {
		cn_fail(e, ENOMEM, "malloc", "engine");
		return NULL;
	}
	engine->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (engine->epoll < 0) {
		cn_fail(e, errno, "epoll_create1", "engine");
		free(engine);
		return NULL;
	}
	return engine;
}

int cn_engine_watch(struct cn_engine *engine, struct cn_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(engine->epoll, EPOLL_CTL_ADD, source->fd, &event) ? -errno : 0;
}

int cn_engine_fd(const struct cn_engine *engine)
{
	return engine->epoll;
}

uint32_t cn_engine_pending(const struct cn_engine *engine)
{
	return engine->deadlines.count;
}

int cn_engine_timeout(const struct cn_engine *engine)
{
	const struct cn_wait *first = cn_deadlines_first(&engine->deadlines);
	uint64_t now = cn_now();

	if (!first)
		return -1;
	if (first->deadline <= now)
		return 0;
	return (int)((first->deadline - now + 999999) / 1000000);
}

/* A source is closed only while its own event or a deadline is handled, so the
 * pointers in a batch of events stay good. */
static void handle_events(struct cn_engine *engine)
{
	struct epoll_event events[EVENTS_PER_WAIT];
	struct cn_source *source;
	int i, n, waits = 0;

	do {
		n = epoll_wait(engine->epoll, events, EVENTS_PER_WAIT, 0);
		for (i = 0; i < n; i++) {
			source = events[i].data.ptr;
			source->ready(engine, source, events[i].events);
		}
	} while (n == EVENTS_PER_WAIT && ++waits < WAITS_PER_RUN);
}

void cn_engine_run(struct cn_engine *engine)
{
	struct cn_wait *first;
	uint64_t now;

	handle_events(engine);
	now = cn_now();
	while ((first = cn_deadlines_first(&engine->deadlines)) && first->deadline <= now)
		first->expired(engine, first, ETIMEDOUT);
}

void cn_engine_free(struct cn_engine *engine)
{
	struct cn_wait *first;

	while ((first = cn_deadlines_first(&engine->deadlines)))
		first->expired(engine, first, ECANCELED);
	cn_pinger_free(engine->pingers[0]);
	cn_pinger_free(engine->pingers[1]);
	cn_deadlines_free(&engine->deadlines);
	close(engine->epoll);
	free(engine);
}
