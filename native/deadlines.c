// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "engine.h"

static void place(struct cn_deadlines *d, struct cn_wait *wait, uint32_t index)
{
	d->waits[index] = wait;
	wait->index = index;
}

static void move_up(struct cn_deadlines *d, struct cn_wait *wait, uint32_t index)
{
	uint32_t parent;

	while (index > 0) {
		parent = (index - 1) / 2;
		if (d->waits[parent]->deadline <= wait->deadline)
			break;
		place(d, d->waits[parent], index);
		index = parent;
	}
	place(d, wait, index);
}

static void move_down(struct cn_deadlines *d, struct cn_wait *wait, uint32_t index)
{
	uint32_t child;

	for (;;) {
		child = 2 * index + 1;
		if (child >= d->count)
			break;
		if (child + 1 < d->count &&
		    d->waits[child + 1]->deadline < d->waits[child]->deadline)
			child++;
		if (wait->deadline <= d->waits[child]->deadline)
			break;
		place(d, d->waits[child], index);
		index = child;
	}
	place(d, wait, index);
}

int cn_deadlines_add(struct cn_deadlines *d, struct cn_wait *wait)
{
	uint32_t size = d->size ? d->size * 2 : 64;
	struct cn_wait **grown;

	if (d->count == d->size) {
		grown = realloc(d->waits, size * sizeof(struct cn_wait *));
		if (!grown)
			return -ENOMEM;
		d->waits = grown;
		d->size = size;
	}
	move_up(d, wait, d->count++);
	return 0;
}

void cn_deadlines_remove(struct cn_deadlines *d, struct cn_wait *wait)
{
	struct cn_wait *last = d->waits[--d->count];
	uint32_t index = wait->index;

	if (last == wait)
		return;
	move_up(d, last, index);
	if (last->index == index)
		move_down(d, last, index);
}

struct cn_wait *cn_deadlines_first(const struct cn_deadlines *d)
{
	return d->count ? d->waits[0] : NULL;
}

void cn_deadlines_free(struct cn_deadlines *d)
{
	free(d->waits);
}
