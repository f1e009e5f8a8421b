// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loop.h"

static int epoll = -1;

int loop_open(void)
{
	epoll = epoll_create1(EPOLL_CLOEXEC);
	return epoll < 0 ? -errno : 0;
}

void loop_close(void)
{
	close(epoll);
	epoll = -1;
}

int loop_add(struct watch *w)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = w };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, w->fd, &e) ? -errno : 0;
}

/* Before its descriptor is closed. */
void loop_remove(struct watch *w)
{
	epoll_ctl(epoll, EPOLL_CTL_DEL, w->fd, NULL);
}

/**
 * loop_wait - wait for one descriptor, and let its owner see to it
 * @timeout_ms: at most so long; -1 for ever
 *
 * One at a time: no event of a watch that another one took away is left.
 *
 * Return: 1, 0 when the time is over or a signal came, or a negative errno.
 */
int loop_wait(int timeout_ms)
{
	struct epoll_event e;
	struct watch *w;
	int n;

	n = epoll_wait(epoll, &e, 1, timeout_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (!n)
		return 0;
	w = e.data.ptr;
	w->ready(w);
	return 1;
}
