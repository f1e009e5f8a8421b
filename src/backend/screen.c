// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "screen.h"

/* ---- viewers ---- */

static void viewer_drop(struct viewer *v)
{
	struct screen *s = v->screen;
	struct viewer **p;

	for (p = &s->viewers; *p != v; p = &(*p)->next)
		;
	*p = v->next;
	s->count--;
	s->left(s, v);
	loop_remove(&v->watch);
	close(v->watch.fd);
	/* it ends by itself, too, but may be waiting for its client */
	kill(v->pid, SIGKILL);
	waitpid(v->pid, NULL, 0);
	free(v);
}

static int viewer_send(struct viewer *v, const struct viewer_message *m, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = (void *)m, .iov_len = sizeof(*m) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	if (sendmsg(v->watch.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

/*
 * One word at a time: a viewer that is busy with its client hears the next when
 * it is ready, and finds all that has changed until then.
 */
static void viewer_tell(struct viewer *v)
{
	struct viewer_message m = { .type = VIEWER_DAMAGE };
	int fd = -1;

	if (v->busy) {
		v->behind = true;
		return;
	}
	if (v->canvas_due) {
		m.type = VIEWER_CANVAS;
		fd = v->screen->canvas.fd;
	}
	/* one that cannot be told is gone, and its socket says so */
	viewer_send(v, &m, fd);
	v->busy = true;
	v->behind = false;
	v->canvas_due = false;
}

static void viewer_said(struct viewer *v, const struct viewer_message *m)
{
	if (m->type != VIEWER_READY) {
		v->screen->said(v->screen, v, m);
		return;
	}
	v->busy = false;
	if (v->behind)
		viewer_tell(v);
}

static void viewer_ready(struct watch *w)
{
	struct viewer *v = watch_owner(w, struct viewer, watch);
	struct viewer_message m;
	ssize_t got;

	got = recv(w->fd, &m, sizeof(m), MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got != sizeof(m))
		viewer_drop(v);
	else
		viewer_said(v, &m);
}

/* A process of the same program, with nothing of ours but two sockets. */
static int viewer_spawn(struct viewer *v, int client, int end)
{
	char *const argv[] = { "xen-display-backend", "--viewer", v->screen->title, NULL };
	posix_spawn_file_actions_t actions;
	int ret;

	posix_spawn_file_actions_init(&actions);
	/* out of the way of where they go */
	posix_spawn_file_actions_adddup2(&actions, client, VIEWER_CLIENT);
	posix_spawn_file_actions_adddup2(&actions, end, VIEWER_PARENT);
	ret = posix_spawn(&v->pid, "/proc/self/exe", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -ret;
}

static int viewer_start(struct viewer *v, int client, bool by_tcp)
{
	struct viewer_message m = { .type = VIEWER_PASSWORD };
	struct screen *s = v->screen;
	int ends[2], ret;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	v->watch.fd = ends[0];
	v->watch.ready = viewer_ready;
	ret = loop_add(&v->watch);
	if (ret)
		goto err;
	/* who may open the unix socket has shown that to the kernel */
	if (by_tcp && *s->password) {
		memcpy(m.password, s->password, sizeof(m.password));
		ret = viewer_send(v, &m, -1);
	}
	v->canvas_due = true;
	viewer_tell(v);
	if (!ret)
		ret = viewer_spawn(v, client, ends[1]);
	if (ret)
		goto err_watch;
	close(ends[1]);
	return 0;

err_watch:
	loop_remove(&v->watch);
err:
	close(ends[0]);
	close(ends[1]);
	return ret;
}

static void viewer_add(struct screen *s, int client, bool by_tcp)
{
	struct viewer *v;

	if (s->count == SCREEN_VIEWERS)
		return;
	v = calloc(1, sizeof(*v));
	if (!v)
		return;
	v->screen = s;
	/* the picture has to be there when the viewer is, who is not told of it twice */
	s->count++;
	s->joined(s);
	v->next = s->viewers;
	s->viewers = v;
	if (viewer_start(v, client, by_tcp)) {
		s->viewers = v->next;
		s->count--;
		s->left(s, v);
		free(v);
	}
}

static void accept_from(struct screen *s, int listener, bool by_tcp)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	viewer_add(s, fd, by_tcp);
	close(fd);
}

static void socket_ready(struct watch *w)
{
	accept_from(watch_owner(w, struct screen, socket), w->fd, false);
}

static void tcp_ready(struct watch *w)
{
	accept_from(watch_owner(w, struct screen, tcp), w->fd, true);
}

/* ---- where they come in ---- */

static int listen_on(struct watch *w, int fd, void (*ready)(struct watch *w))
{
	int ret = listen(fd, 16) ? -errno : 0;

	w->fd = fd;
	w->ready = ready;
	if (!ret)
		ret = loop_add(w);
	if (ret) {
		close(fd);
		w->fd = -1;
	}
	return ret;
}

/* One of another kind is told whether a process listens there, and nothing else happens. */
static bool is_served(const struct sockaddr_un *sa)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool served;

	if (fd < 0)
		return false;
	served = connect(fd, (const void *)sa, sizeof(*sa)) && errno == EPROTOTYPE;
	close(fd);
	return served;
}

/**
 * screen_listen - listen on a unix socket that a group may use
 * @w: result
 * @path: of the socket; what is left there of a run that has ended goes
 * @group: whose it is; -1 for the process's own
 * @ready: called when somebody is there
 *
 * Return: 0 or a negative errno, -EADDRINUSE while another process listens there.
 */
int screen_listen(struct watch *w, const char *path, gid_t group,
		  void (*ready)(struct watch *w))
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, ret;

	w->fd = -1;
	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strcpy(sa.sun_path, path);
	if (is_served(&sa))
		return -EADDRINUSE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	/* never open to all, not even for a moment */
	mask = umask(0117);
	ret = bind(fd, (void *)&sa, sizeof(sa)) ? -errno : 0;
	umask(mask);
	if (!ret && group != (gid_t)-1 && chown(path, -1, group))
		ret = -errno;
	if (ret) {
		close(fd);
		return ret;
	}
	return listen_on(w, fd, ready);
}

/**
 * screen_open - let viewers in by a unix socket
 * @s: zeroed, but for title, password, joined, said and left
 * @path: as of screen_listen()
 * @group: as of screen_listen()
 *
 * Return: 0 or a negative errno.
 */
int screen_open(struct screen *s, const char *path, gid_t group)
{
	int ret;

	s->tcp.fd = -1;
	s->canvas.fd = -1;
	ret = screen_listen(&s->socket, path, group, socket_ready);
	if (!ret)
		strcpy(s->path, path);
	return ret;
}

/**
 * screen_open_tcp - let viewers in by TCP as well
 * @s: opened
 * @address: to listen at, a number
 * @port: to listen at
 *
 * Return: 0 or a negative errno.
 */
int screen_open_tcp(struct screen *s, const char *address, uint16_t port)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *ai;
	char service[8];
	int fd, ret, on = 1;

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(address, service, &hints, &ai))
		return -EINVAL;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ret = fd < 0 ? -errno : 0;
	if (!ret) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(fd, ai->ai_addr, ai->ai_addrlen)) {
			ret = -errno;
			close(fd);
		}
	}
	freeaddrinfo(ai);
	return ret ? ret : listen_on(&s->tcp, fd, tcp_ready);
}

static void unlisten(struct watch *w)
{
	if (w->fd < 0)
		return;
	loop_remove(w);
	close(w->fd);
	w->fd = -1;
}

void screen_close(struct screen *s)
{
	while (s->viewers)
		viewer_drop(s->viewers);
	/* while it is ours: see screen_listen() */
	if (*s->path)
		unlink(s->path);
	*s->path = '\0';
	unlisten(&s->socket);
	unlisten(&s->tcp);
	canvas_drop(&s->canvas);
}

/* ---- what they see ---- */

/**
 * screen_size - the picture has this size from now on, and is black
 * @s: the screen
 * @width: in pixels
 * @height: in lines
 *
 * Return: 0, also when it has that size; or a negative errno, and the picture
 * stays as it was.
 */
int screen_size(struct screen *s, uint32_t width, uint32_t height)
{
	struct canvas old = s->canvas;
	struct viewer *v;
	int ret;

	if (old.head && old.head->width == width && old.head->height == height)
		return 0;
	ret = canvas_create(&s->canvas, width, height);
	if (ret) {
		s->canvas = old;
		return ret;
	}
	canvas_drop(&old);
	for (v = s->viewers; v; v = v->next) {
		v->canvas_due = true;
		viewer_tell(v);
	}
	return 0;
}

/**
 * screen_show - take a picture over and tell the viewers
 * @s: with a size
 * @lines: as of canvas_update()
 * @data: for @lines
 */
void screen_show(struct screen *s, canvas_lines_fn lines, void *data)
{
	struct viewer *v;

	if (!canvas_update(&s->canvas, lines, data))
		return;
	for (v = s->viewers; v; v = v->next)
		viewer_tell(v);
}
