/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOA_PROBE_URING_H
#define TOA_PROBE_URING_H

#include <sys/socket.h>

/* One IORING_OP_ACCEPT; skips the case where the kernel has no io_uring. */
int uring_accept(int listening, struct sockaddr_storage *address, socklen_t *length);
/* Clears O_NONBLOCK. */
int fcntl_block(int fd);

#endif
