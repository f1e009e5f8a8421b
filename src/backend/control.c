// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * One request a connection: a line, and its text where it has one. The answer
 * begins with a line "ok" or "error ...".
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend.h"
#include "canvas.h"
#include "control.h"
#include "display.h"
#include "guest.h"
#include "keys.h"
#include "loop.h"
#include "run.h"
#include "screen.h"
#include "vkb.h"

#define CLIENTS		8
#define REQUEST		65536		/* bytes of a line and its text */
/* Typed at once; the guest's page has room for more than that. */
#define STROKES		4
#define STROKES_MS	20

struct client {
	struct watch watch;		/* its socket, its child or its timer */
	int fd;				/* -1: free */
	pid_t child;
	size_t len, at;
	char *text;
};

static struct client clients[CLIENTS];
static struct watch listener = { .fd = -1 };
static char path[SCREEN_PATH];

static void client_end(struct client *cl)
{
	loop_remove(&cl->watch);
	if (cl->watch.fd != cl->fd)
		close(cl->watch.fd);
	close(cl->fd);
	free(cl->text);
	cl->text = NULL;
	cl->fd = -1;
}

static void put(struct client *cl, const char *text, size_t len)
{
	ssize_t got;

	/* its patience is set: a client that does not read loses the rest */
	for (; len; text += got, len -= got) {
		got = send(cl->fd, text, len, MSG_NOSIGNAL);
		if (got <= 0)
			return;
	}
}

static void answer(struct client *cl, const char *why)
{
	char text[200];

	if (why)
		snprintf(text, sizeof(text), "error %s\n", why);
	else
		snprintf(text, sizeof(text), "ok\n");
	put(cl, text, strlen(text));
	client_end(cl);
}

/* From here on something else is waited for. */
static void client_wait(struct client *cl, int fd, void (*ready)(struct watch *w))
{
	loop_remove(&cl->watch);
	cl->watch.fd = fd;
	cl->watch.ready = ready;
	if (fd >= 0 && !loop_add(&cl->watch))
		return;
	if (fd >= 0)
		close(fd);
	cl->watch.fd = cl->fd;
	answer(cl, "no more to wait for");
}

/* ---- list ---- */

static void list(struct client *cl)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out) {
		answer(cl, "no memory");
		return;
	}
	fprintf(out, "ok\n");
	display_list(out, vkb_state());
	fclose(out);
	put(cl, text, len);
	free(text);
	client_end(cl);
}

/* ---- picture ---- */

struct rgb {
	const struct canvas *canvas;
	uint8_t *line;
};

static const uint8_t *rgb_line(void *data, uint32_t y)
{
	const struct rgb *r = data;
	uint32_t width = r->canvas->head->width, x;
	const uint32_t *from = r->canvas->pixels + (size_t)y * width;

	for (x = 0; x < width; x++) {
		r->line[3 * x] = from[x] >> 16;
		r->line[3 * x + 1] = from[x] >> 8;
		r->line[3 * x + 2] = from[x];
	}
	return r->line;
}

static int write_picture(int fd, const struct canvas *canvas)
{
	struct rgb r = { canvas, malloc((size_t)canvas->head->width * 3) };
	FILE *out = fdopen(fd, "w");

	if (!r.line || !out)
		return 1;
	fprintf(out, "ok\n");
	if (png_write(out, canvas->head->width, canvas->head->height, rgb_line, &r))
		return 1;
	return fclose(out) ? 1 : 0;
}

static void child_ready(struct watch *w)
{
	struct client *cl = watch_owner(w, struct client, watch);

	waitpid(cl->child, NULL, 0);
	client_end(cl);
}

/* Compressing takes long, and screens have to go on: a child does it. */
static void picture(struct client *cl, const char *number)
{
	const struct canvas *canvas;
	const char *why;
	int pidfd;

	canvas = display_picture(number, &why);
	if (!canvas) {
		answer(cl, why);
		return;
	}
	cl->child = fork();
	if (!cl->child)
		_exit(write_picture(cl->fd, canvas));
	if (cl->child < 0) {
		answer(cl, "no process for the picture");
		return;
	}
	pidfd = syscall(SYS_pidfd_open, cl->child, 0);
	if (pidfd < 0) {
		waitpid(cl->child, NULL, 0);
		client_end(cl);
		return;
	}
	client_wait(cl, pidfd, child_ready);
}

/* ---- type ---- */

/* Return how many bytes a character has, 0 when it is none. */
static unsigned int character(const char *text, size_t len, uint32_t *ucs)
{
	const uint8_t *p = (const uint8_t *)text;
	unsigned int n, i;

	if (*p < 0x80) {
		*ucs = *p;
		return 1;
	}
	n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
	if (*p < 0xc2 || *p > 0xf4 || n > len)
		return 0;
	*ucs = *p & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*ucs = *ucs << 6 | (p[i] & 0x3f);
	}
	return n;
}

/* All of it or nothing: whoever types half a password is not helped. */
static bool can_type(const char *text, size_t len, char *why, size_t room)
{
	struct stroke stroke;
	unsigned int n;
	uint32_t ucs;

	for (; len; text += n, len -= n) {
		n = character(text, len, &ucs);
		if (!n) {
			snprintf(why, room, "the text is not UTF-8");
			return false;
		}
		if (!keys_symbol(keys_character(ucs), &stroke)) {
			snprintf(why, room, "the layout %s has no key for U+%04X: see --layout",
				 run.layout, ucs);
			return false;
		}
	}
	return true;
}

static void type_some(struct watch *w)
{
	struct client *cl = watch_owner(w, struct client, watch);
	struct input *in = vkb_input();
	struct stroke stroke;
	unsigned int i, n;
	uint64_t ticks;
	uint32_t ucs;

	if (read(w->fd, &ticks, sizeof(ticks)) < 0)
		return;
	if (!in) {
		answer(cl, "keyboard and pointer are gone");
		return;
	}
	for (i = 0; i < STROKES && cl->at < cl->len; i++) {
		n = character(cl->text + cl->at, cl->len - cl->at, &ucs);
		if (!n || !keys_symbol(keys_character(ucs), &stroke))
			break;
		input_stroke(in, &stroke);
		cl->at += n;
	}
	if (cl->at == cl->len)
		answer(cl, NULL);
}

static void type(struct client *cl, size_t at)
{
	const struct itimerspec its = {
		.it_interval.tv_nsec = STROKES_MS * 1000000,
		.it_value.tv_nsec = 1,
	};
	char why[120];
	int fd;

	cl->at = at;
	if (!vkb_input()) {
		answer(cl, strcmp(vkb_state(), "none") ?
		       "the guest's driver has not connected its keyboard yet" :
		       "the guest has no keyboard: see xen-display add-input");
		return;
	}
	if (!can_type(cl->text + at, cl->len - at, why, sizeof(why))) {
		answer(cl, why);
		return;
	}
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (fd >= 0)
		timerfd_settime(fd, 0, &its, NULL);
	client_wait(cl, fd, type_some);
}

/* ---- requests ---- */

/* Return false when more of it has to come. */
static bool request(struct client *cl, bool whole)
{
	char *nl = memchr(cl->text, '\n', cl->len);

	if (!nl) {
		if (whole)
			answer(cl, "half a request");
		return whole;
	}
	*nl = '\0';
	if (!strcmp(cl->text, "list")) {
		list(cl);
	} else if (!strncmp(cl->text, "picture ", 8)) {
		picture(cl, cl->text + 8);
	} else if (strcmp(cl->text, "type")) {
		answer(cl, "not understood: are xen-display and the service of one version?");
	} else if (whole) {
		type(cl, nl + 1 - cl->text);
	} else {
		*nl = '\n';
		return false;
	}
	return true;
}

static void client_ready(struct watch *w)
{
	struct client *cl = watch_owner(w, struct client, watch);
	ssize_t got;

	got = recv(cl->fd, cl->text + cl->len, REQUEST - cl->len, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		cl->len += got;
	if (request(cl, got <= 0))
		return;
	if (cl->len == REQUEST)
		answer(cl, "the text is too long");
}

static void listener_ready(struct watch *w)
{
	/* a client that does not read its answer must not stop the screens */
	const struct timeval patience = { .tv_sec = 1 };
	struct client *cl;
	int i, fd;

	fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	for (i = 0; i < CLIENTS && clients[i].fd >= 0; i++)
		;
	if (i == CLIENTS) {
		close(fd);
		return;
	}
	cl = &clients[i];
	cl->text = malloc(REQUEST);
	cl->fd = fd;
	cl->watch.fd = fd;
	cl->watch.ready = client_ready;
	cl->len = 0;
	if (!cl->text || loop_add(&cl->watch)) {
		free(cl->text);
		close(fd);
		cl->fd = -1;
	}
}

/* Return 0 or a negative errno, which is logged. */
int control_open(void)
{
	int i, ret;

	for (i = 0; i < CLIENTS; i++)
		clients[i].fd = -1;
	snprintf(path, sizeof(path), "%.40s/%.40s.control", run.dir, guest_name());
	ret = screen_listen(&listener, path, run.group, listener_ready);
	if (ret == -EADDRINUSE)
		log_error("%s is another guest's: files' names cannot tell the two apart; give one another name, by xl rename",
			  path);
	else if (ret)
		log_error("cannot make %s: %s", path, strerror(-ret));
	return ret;
}

void control_close(void)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		if (clients[i].fd >= 0)
			client_end(&clients[i]);
	if (listener.fd < 0)
		return;
	/* while it is ours: see screen_listen() */
	unlink(path);
	loop_remove(&listener);
	close(listener.fd);
}
