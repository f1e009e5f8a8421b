// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The control socket: a line in, some lines and "ok" or "error ..." out. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests.h"

#define LINE	1024
#define WORDS	8

struct client {
	int fd;
	int child;		/* pidfd of who writes its picture, or -1 */
	pid_t pid;
	size_t len;
	char buf[LINE];
};

static struct client clients[CONTROL_CLIENTS];
static int listener = -1;
static const char *listener_path, *pictures, *views;

/* ---- options that can change while running ---- */
static bool parse_double(const char *s, double lo, double hi, double *val)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || *end || !(v >= lo && v <= hi))
		return false;
	*val = v;
	return true;
}

int set_option(const char *name, const char *value, const char **why)
{
	int ret = faults_set(name, value, why);

	if (ret != -ENOENT)
		return ret;
	if (!strcmp(name, "refresh")) {
		if (parse_double(value, 0.1, 1000, &opt.refresh))
			return 0;
		*why = "not a rate from 0.1 to 1000 Hz";
		return -EINVAL;
	}
	*why = "unknown option";
	return -EINVAL;
}

/* ---- commands ---- */
static struct conn *word_conn(char **w, const char **why)
{
	uint32_t dom, dev, index;
	struct conn *c = NULL;

	if (parse_number(w[0], 0x7fef, &dom) &&
	    parse_number(w[1], 99999, &dev) &&
	    parse_number(w[2], 99999, &index))
		c = conn_find(dom, dev, index);
	if (!c)
		*why = "no such connector, or its guest never connected: see list";
	return c;
}

/* A relative name lies in --pictures. */
static int take_picture(struct client *cl, struct conn *c, const char *file,
			bool raw, const char **why)
{
	char *name = NULL;
	int ret;

	if (file[0] == '/' || !pictures)
		ret = asprintf(&name, "%s", file);
	else
		ret = asprintf(&name, "%s/%s", pictures, file);
	if (ret < 0)
		return -ENOMEM;
	if (raw || !c->bound || !c->on) {
		ret = raw ? picture_raw(c, name, why) :
			    picture_png(c, name, why);
	} else {
		cl->pid = picture_fork(c, name);
		*why = "cannot start a process for the picture";
		ret = cl->pid < 0 ? -errno : 0;
		if (!ret)
			cl->child = syscall(SYS_pidfd_open, cl->pid, 0);
		/* an old kernel: wait here */
		if (!ret && cl->child < 0)
			waitpid(cl->pid, NULL, 0);
	}
	free(name);
	return ret;
}

static void print_stats(FILE *out, const struct conn *c)
{
	const struct displif_set_config *r = &c->cfg;

	fprintf(out, "reqs=%" PRIu64 " errors=%" PRIu64 " flips=%" PRIu64
		" frames=%" PRIu64 " events=%" PRIu64 " dropped=%" PRIu64
		" last=0x%" PRIx64 " on=%d mode=%ux%u+%u+%u shown=0x%" PRIx64
		" in-flight=%d dbufs=%u fbs=%u bytes=%" PRIu64 "\n",
		c->st.reqs, c->st.errors, c->st.flips, c->st.frames,
		c->st.events, c->st.dropped, c->st.last_cookie, c->on,
		r->width, r->height, r->x, r->y,
		c->on ? c->shown : 0, c->flipping, c->dev->ndbufs,
		c->dev->nfbs, c->dev->bytes);
}

static void print_list(FILE *out)
{
	struct dev *d;
	struct conn *c;

	for (d = devs; d; d = d->next) {
		fprintf(out, "dom%u/dev%u fe=%d be=%d version=%u be-alloc=%d bound=%d dead=%d\n",
			d->domid, d->devid, d->fe_state, d->be_state,
			d->version, d->be_alloc, d->bound, d->dead);
		for (c = d->conns; c; c = c->next)
			fprintf(out, "dom%u/dev%u/conn%u resolution=%ux%u unique-id=\"%s\" on=%d\n",
				d->domid, d->devid, c->index, c->width,
				c->height, c->id, c->on);
	}
}

static const char help[] =
	"picture DOM DEV CONN FILE   PNG of what the connector shows\n"
	"raw DOM DEV CONN FILE       its bytes, after a line WIDTH HEIGHT PITCH FOURCC\n"
	"hash DOM DEV CONN           a hash of these bytes\n"
	"frames DOM DEV CONN         how many frames were shown\n"
	"stats DOM DEV CONN          counters and mode\n"
	"list                        devices and connectors\n"
	"violations                  what frontends did wrong\n"
	"violations clear            forget it\n"
	"set OPTION VALUE            refresh, at-once, event-first, exact-mode, log-flips,\n"
	"                            no-alloc, no-copies, wait-fresh, zero-ref, drop-events,\n"
	"                            evt-rubbish, modes, max-buffers\n"
	"formats FOURCC,...|all      show only these\n"
	"reject OP[:ERRNO[:COUNT]]|none\n"
	"hang OP|none, delay OP:MS|none, dup-response OP|none, bad-id OP|none,\n"
	"bad-op OP|none              misbehave\n"
	"poke DOM DEV CONN WHAT      misbehave once: evt, evt-again, evt-prod, rsp,\n"
	"                            rsp-prod, storm\n"
	"edid CONN|all FILE|none     answer of GET_EDID\n"
	"view                        write all pictures to --view-dir\n"
	"quit                        stop the backend\n";

/* Whoever reads the log sees what was so when. */
static int change_option(const char *name, const char *value, const char **why)
{
	int ret = set_option(name, value, why);

	if (!ret)
		log_note("what=set option=%s value=%s", name, value);
	return ret;
}

static int command(struct client *cl, FILE *out, char **w, int n,
		   const char **why)
{
	const struct frame *f;
	struct conn *c;

	*why = "unknown command or wrong number of words, see help";
	if (!strcmp(w[0], "picture") || !strcmp(w[0], "raw")) {
		if (n != 5)
			return -EINVAL;
		c = word_conn(w + 1, why);
		if (!c)
			return -ENOENT;
		return take_picture(cl, c, w[4], w[0][0] == 'r', why);
	}
	if (!strcmp(w[0], "frames") || !strcmp(w[0], "stats") ||
	    !strcmp(w[0], "hash")) {
		if (n != 4)
			return -EINVAL;
		c = word_conn(w + 1, why);
		if (!c)
			return -ENOENT;
		if (w[0][0] == 'f') {
			fprintf(out, "%" PRIu64 "\n", c->st.frames);
		} else if (w[0][0] == 's') {
			print_stats(out, c);
		} else {
			f = copies_shown(c);
			if (!c->on || !f->valid) {
				*why = "the connector is switched off";
				return -ENODATA;
			}
			fprintf(out, "%016" PRIx64 "\n",
				frame_hash(f->data, (size_t)f->pitch *
					   f->height));
		}
		return 0;
	}
	if (!strcmp(w[0], "poke") && n == 5) {
		c = word_conn(w + 1, why);
		if (!c)
			return -ENOENT;
		*why = "unknown poke, or the frontend is not connected";
		return faults_poke(c, w[4]);
	}
	if (!strcmp(w[0], "list") && n == 1) {
		print_list(out);
		return 0;
	}
	if (!strcmp(w[0], "violations") && n <= 2) {
		if (n == 1)
			violations_print(out);
		else if (!strcmp(w[1], "clear"))
			violations_clear();
		else
			return -EINVAL;
		return 0;
	}
	if (!strcmp(w[0], "set") && n == 3)
		return change_option(w[1], w[2], why);
	if (!strcmp(w[0], "edid") && n == 3)
		return copies_edid(w[1], w[2], why);
	if (!strcmp(w[0], "view") && n == 1) {
		if (!views) {
			*why = "no --view-dir was given";
			return -EINVAL;
		}
		view_all(views);
		return 0;
	}
	if (!strcmp(w[0], "help") && n == 1) {
		fputs(help, out);
		return 0;
	}
	if (!strcmp(w[0], "quit") && n == 1) {
		quit = true;
		return 0;
	}
	/* the short forms: formats, reject, hang, delay, dup-response, bad-id, bad-op */
	if (n == 2)
		return change_option(w[0], w[1], why);
	return -EINVAL;
}

static void put(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t got = send(fd, text, len, MSG_NOSIGNAL);

		if (got <= 0)
			return;
		text += got;
		len -= got;
	}
}

static void run_line(struct client *cl, char *line)
{
	char *w[WORDS], *save = NULL, *p, *answer = NULL;
	const char *why = "";
	size_t len = 0;
	FILE *out;
	int n = 0, ret;

	for (p = strtok_r(line, " \t\r", &save); p && n < WORDS;
	     p = strtok_r(NULL, " \t\r", &save))
		w[n++] = p;
	if (!n)
		return;
	out = open_memstream(&answer, &len);
	if (!out)
		return;
	ret = command(cl, out, w, n, &why);
	if (ret)
		fprintf(out, "error %s\n", why);
	else if (cl->child < 0)
		fprintf(out, "ok\n");
	fclose(out);
	put(cl->fd, answer, len);
	free(answer);
}

/* The lines so far, up to one whose answer has to wait. */
static void run_lines(struct client *cl)
{
	char line[LINE], *nl;

	while (cl->child < 0 && (nl = memchr(cl->buf, '\n', cl->len))) {
		size_t used = nl + 1 - cl->buf;

		memcpy(line, cl->buf, used - 1);
		line[used - 1] = '\0';
		cl->len -= used;
		memmove(cl->buf, nl + 1, cl->len);
		run_line(cl, line);
	}
}

static void client_close(struct client *cl)
{
	close(cl->fd);
	cl->fd = -1;
}

static void client_read(struct client *cl)
{
	ssize_t got = recv(cl->fd, cl->buf + cl->len, LINE - 1 - cl->len,
			   MSG_DONTWAIT);

	if (got <= 0) {
		if (got == 0 || errno != EAGAIN)
			client_close(cl);
		return;
	}
	cl->len += got;
	run_lines(cl);
	if (cl->len == LINE - 1)
		client_close(cl);
}

static void child_done(struct client *cl)
{
	char text[128] = "ok\n";
	int status = -1;

	close(cl->child);
	cl->child = -1;
	waitpid(cl->pid, &status, 0);
	if (!WIFEXITED(status))
		snprintf(text, sizeof(text), "error the picture's process died\n");
	else if (WEXITSTATUS(status))
		snprintf(text, sizeof(text), "error cannot write the picture: %s\n",
			 strerror(WEXITSTATUS(status)));
	put(cl->fd, text, strlen(text));
	run_lines(cl);
}

static void client_accept(void)
{
	/* A client that does not read its answer must not stop the screens. */
	const struct timeval patience = { .tv_sec = 1 };
	int i, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	for (i = 0; i < CONTROL_CLIENTS; i++) {
		if (clients[i].fd < 0) {
			clients[i].fd = fd;
			clients[i].child = -1;
			clients[i].len = 0;
			return;
		}
	}
	close(fd);
}

static int unix_socket(const char *path, struct sockaddr_un *sa)
{
	int fd;

	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sa->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sa->sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd;
}

int control_open(const char *path, const char *picture_dir, const char *view_dir)
{
	struct sockaddr_un sa;
	int i;

	for (i = 0; i < CONTROL_CLIENTS; i++)
		clients[i].fd = -1;
	pictures = picture_dir;
	views = view_dir;
	if (!path)
		return 0;
	listener = unix_socket(path, &sa);
	/* Left by a run that was killed; a live one holds the devices anyway. */
	unlink(path);
	if (listener < 0 || bind(listener, (void *)&sa, sizeof(sa)) ||
	    fcntl(listener, F_SETFL, O_NONBLOCK) || listen(listener, 8)) {
		fprintf(stderr, "xdf-backend: cannot make the control socket %s: %s\n",
			path, strerror(errno));
		return -1;
	}
	listener_path = path;
	return 0;
}

void control_close(void)
{
	int i;

	for (i = 0; i < CONTROL_CLIENTS; i++)
		if (clients[i].fd >= 0)
			client_close(&clients[i]);
	if (listener >= 0)
		close(listener);
	if (listener_path)
		unlink(listener_path);
	listener = -1;
}

int control_fds(int *fds, int max)
{
	int i, n = 0;

	if (listener >= 0 && n < max)
		fds[n++] = listener;
	for (i = 0; i < CONTROL_CLIENTS && n < max; i++)
		if (clients[i].fd >= 0)
			fds[n++] = clients[i].child >= 0 ? clients[i].child :
							   clients[i].fd;
	return n;
}

void control_ready(int fd)
{
	int i;

	if (fd == listener) {
		client_accept();
		return;
	}
	for (i = 0; i < CONTROL_CLIENTS; i++) {
		if (clients[i].fd < 0)
			continue;
		if (clients[i].child == fd)
			child_done(&clients[i]);
		else if (clients[i].child < 0 && clients[i].fd == fd)
			client_read(&clients[i]);
	}
}

/* The other end, for scripts without a tool that speaks to such sockets. */
int control_send(const char *path, const char *cmd)
{
	struct sockaddr_un sa;
	char *line = NULL;
	size_t room = 0;
	int fd = unix_socket(path, &sa), ret = 2;
	FILE *io;

	if (fd < 0 || connect(fd, (void *)&sa, sizeof(sa))) {
		fprintf(stderr, "xdf-backend: nobody listens on %s: %s. Was the backend started with --control?\n",
			path, strerror(errno));
		return 2;
	}
	if (dprintf(fd, "%s\n", cmd) < 0)
		return 2;
	io = fdopen(fd, "r");
	while (io && getline(&line, &room, io) > 0) {
		fputs(line, stdout);
		if (!strcmp(line, "ok\n")) {
			ret = 0;
			break;
		}
		if (!strncmp(line, "error", 5)) {
			ret = 1;
			break;
		}
	}
	free(line);
	if (io)
		fclose(io);
	return ret;
}
