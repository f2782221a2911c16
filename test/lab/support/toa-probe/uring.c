// SPDX-License-Identifier: Apache-2.0
/* io_uring by its system calls: no liburing in a minimal guest. */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"
#include "uring.h"

int fcntl_block(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static void *map_ring(int fd, size_t size, unsigned long long offset)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

	if (at == MAP_FAILED)
		fail_errno("io_uring mmap");
	return at;
}

static unsigned int *word(void *ring, unsigned int offset)
{
	return (unsigned int *)((char *)ring + offset);
}

int uring_accept(int listening, struct sockaddr_storage *address, socklen_t *length)
{
	struct io_uring_params params = {};
	int fd = syscall(SYS_io_uring_setup, 4, &params);
	struct io_uring_sqe *entry;
	struct io_uring_cqe *done;
	void *submit, *complete;

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		skip("the kernel has no io_uring");
	if (fd < 0)
		fail_errno("io_uring_setup");
	submit = map_ring(fd, params.sq_off.array + params.sq_entries * 4, IORING_OFF_SQ_RING);
	complete = map_ring(fd, params.cq_off.cqes + params.cq_entries * sizeof(*done),
			    IORING_OFF_CQ_RING);
	entry = map_ring(fd, params.sq_entries * sizeof(*entry), IORING_OFF_SQES);
	memset(entry, 0, sizeof(*entry));
	entry->opcode = IORING_OP_ACCEPT;
	entry->fd = listening;
	entry->addr = (unsigned long)address;
	entry->off = (unsigned long)length;
	*word(submit, params.sq_off.array) = 0;
	__atomic_store_n(word(submit, params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		fail_errno("io_uring_enter");
	done = (struct io_uring_cqe *)((char *)complete + params.cq_off.cqes);
	if (done->res < 0) {
		errno = -done->res;
		fail_errno("io_uring accept");
	}
	return done->res;
}
