// SPDX-License-Identifier: Apache-2.0
/* Ring buffers: records from BPF programs. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "clearnat.h"

struct cn_ring {
	struct ring_buffer *ring;
	int map_fd; /* our own: libbpf keeps using it */
};

struct cn_ring *cn_ring_open(int map_fd, cn_record_fn on_record, void *arg, struct cn_error *e)
{
	struct cn_ring *ring = calloc(1, sizeof(*ring));

	if (!ring) {
		cn_fail(e, ENOMEM, "ring_buffer__new", "map fd %d", map_fd);
		return NULL;
	}
	ring->map_fd = fcntl(map_fd, F_DUPFD_CLOEXEC, 3);
	if (ring->map_fd < 0) {
		cn_fail(e, errno, "fcntl", "map fd %d", map_fd);
		goto err_free;
	}
	ring->ring = ring_buffer__new(ring->map_fd, on_record, arg, NULL);
	if (!ring->ring) {
		cn_fail(e, errno, "ring_buffer__new", "map fd %d", map_fd);
		goto err_close;
	}
	return ring;

err_close:
	close(ring->map_fd);
err_free:
	free(ring);
	return NULL;
}

int cn_ring_fd(const struct cn_ring *ring)
{
	return ring_buffer__epoll_fd(ring->ring);
}

int cn_ring_read(struct cn_ring *ring)
{
	return ring_buffer__consume(ring->ring);
}

void cn_ring_close(struct cn_ring *ring)
{
	ring_buffer__free(ring->ring);
	close(ring->map_fd);
	free(ring);
}
