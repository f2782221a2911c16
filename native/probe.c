// SPDX-License-Identifier: Apache-2.0
/* TCP probes: connect, then close with RST so that nothing lingers anywhere. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine.h"

struct probe {
	struct cn_source source;
	struct cn_wait wait;
	uint64_t start;
	cn_done_fn done;
	void *arg;
};

static void finish(struct cn_engine *engine, struct probe *probe, int err)
{
	double micros = (double)(cn_now() - probe->start) / 1000;
	cn_done_fn done = probe->done;
	void *arg = probe->arg;

	cn_deadlines_remove(&engine->deadlines, &probe->wait);
	close(probe->source.fd);
	free(probe);
	done(arg, err, "connect", micros);
}

static void ready(struct cn_engine *engine, struct cn_source *source, uint32_t events)
{
	struct probe *probe = cn_container_of(source, struct probe, source);
	socklen_t len = sizeof(int);
	int err = 0;

	(void)events;
	if (getsockopt(source->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	finish(engine, probe, err);
}

static void expired(struct cn_engine *engine, struct cn_wait *wait, int err)
{
	finish(engine, cn_container_of(wait, struct probe, wait), err);
}

static int open_socket(int family)
{
	struct linger reset = {.l_onoff = 1, .l_linger = 0};
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	return fd;
}

int cn_tcp_probe(struct cn_engine *engine, const struct cn_address *address, uint16_t port,
		 uint32_t timeout_ms, cn_done_fn done, void *arg, struct cn_error *e)
{
	struct probe *probe = malloc(sizeof(*probe));
	struct sockaddr_storage to;
	const char *what = "socket";
	char text[CN_ADDRESS_LEN];
	socklen_t len;
	int err = ENOMEM;

	if (!probe)
		return cn_fail(e, ENOMEM, "malloc", "probe");
	*probe = (struct probe){.source = {.ready = ready},
				.wait = {.expired = expired},
				.start = cn_now(),
				.done = done,
				.arg = arg};
	probe->wait.deadline = probe->start + (uint64_t)timeout_ms * 1000000;
	probe->source.fd = open_socket(address->family);
	if (probe->source.fd < 0) {
		err = errno;
		goto err_free;
	}
	what = "connect";
	len = cn_address_to_sockaddr(address, port, &to);
	if (connect(probe->source.fd, (struct sockaddr *)&to, len) && errno != EINPROGRESS) {
		err = errno;
		goto err_close;
	}
	/* An established connection is reported as writable, too. */
	what = "epoll_ctl";
	err = -cn_engine_watch(engine, &probe->source, EPOLLOUT);
	if (err)
		goto err_close;
	err = -cn_deadlines_add(&engine->deadlines, &probe->wait);
	if (err)
		goto err_close;
	return 0;

err_close:
	close(probe->source.fd);
err_free:
	free(probe);
	cn_address_format(address->family, address->bytes, text);
	return cn_fail(e, err, what, "%s port %u", text, port);
}
