// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * xen-display: what people type. It asks the backend's process of a guest over
 * that guest's control socket. What comes from there is not trusted either: a
 * guest might have got hold of that process.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "command.h"
#include "guest.h"

#define SUFFIX		".control"
#define ANSWER_SECONDS	20
#define LINE_MAX_BYTES	4096
/* 8K without any compression is less */
#define PICTURE_MAX	(256u << 20)
/* what a guest's process takes at once, and a little less */
#define TEXT_MAX	65000u
#define CELL_MAX	32

static const char *run_dir = "/run/xen-display";

static const char usage[] =
"usage: xen-display [--run-dir DIR] COMMAND\n"
"\n"
"  list                        guests with displays, their connectors and viewers\n"
"  picture GUEST[:N] FILE.png  write what connector N shows (0 if not given);\n"
"                              - is standard output\n"
"  type GUEST TEXT             type the text on the guest's keyboard;\n"
"                              - is standard input\n"
"  add-input GUEST             give a running guest a keyboard and a pointer (root)\n"
"  log [OPTION]...             what the backend says; options as of journalctl\n"
"\n"
"  --run-dir DIR               where the backend's sockets are, /run/xen-display\n"
"  --help, --version           print this, or the version\n"
"\n"
"See xen-display(1).\n";

int fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "xen-display: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	return FAILED;
}

static int wrong_usage(const char *what)
{
	fail("%s", what);
	fputs("Try: xen-display --help\n", stderr);
	return WRONG_USAGE;
}

/* Nothing that a terminal takes for a command; UTF-8 stays. */
static void make_plain(char *s)
{
	unsigned char *p;

	for (p = (unsigned char *)s; *p; p++) {
		if (*p < ' ' || *p == 0x7f)
			*p = '?';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '?';
	}
}

/* ---- a guest's control socket ---- */

/* Its lock is there from its start to its end. */
static bool is_running(void)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%.200s/lock", run_dir);
	return !stat(path, &st) || errno != ENOENT;
}

static int no_guest(const char *guest)
{
	if (!is_running())
		return fail("the backend is not running (there is no %s/lock): as root, systemctl start xen-display-backend",
			    run_dir);
	return fail("no guest \"%s\" has a display here; xen-display list shows those that have",
		    guest);
}

static int no_answer(const char *guest, int err)
{
	switch (err) {
	case ENOENT:
		return no_guest(guest);
	case EACCES:
		return fail("you may not look at \"%s\": as root, adduser USER xen-display, then log in again",
			    guest);
	case ECONNREFUSED:
		return fail("the backend is not running: as root, systemctl restart xen-display-backend");
	case EAGAIN:
		return fail("\"%s\" does not answer; xen-display log may say why", guest);
	default:
		return fail("cannot ask for \"%s\": %s", guest, strerror(err));
	}
}

/* Return a descriptor or a negative errno. */
static int open_control(const char *guest, unsigned int seconds)
{
	struct timeval patience = { .tv_sec = seconds };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char name[GUEST_NAME];
	int fd, len;

	/* sockets are named after guests like this */
	snprintf(name, sizeof(name), "%s", guest);
	guest_file_name(name);
	len = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s" SUFFIX, run_dir, name);
	if (len >= (int)sizeof(sa.sun_path))
		return -ENOENT;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (void *)&sa, sizeof(sa))) {
		len = -errno;
		close(fd);
		return len;
	}
	return fd;
}

/* A peer that closed early has left an answer, so who writes does not fail. */
static void send_all(int fd, const char *data, size_t len)
{
	ssize_t done;

	for (; len; data += done, len -= done) {
		done = send(fd, data, len, MSG_NOSIGNAL);
		if (done <= 0)
			return;
	}
}

/* Return whether there is a line; without one errno says why. */
static bool read_line(FILE *in, char *line)
{
	size_t len;

	errno = 0;
	if (!fgets(line, LINE_MAX_BYTES, in)) {
		if (!errno)
			errno = ECONNRESET;
		return false;
	}
	len = strcspn(line, "\n");
	line[len] = '\0';
	return true;
}

/**
 * ask - send a request to a guest's process
 * @guest: its name
 * @request: a line, and for some more than that
 * @len: of the request
 * @in: where the rest of the answer is to be read, after "ok"
 *
 * Return: an exit status; what went wrong was said.
 */
static int ask(const char *guest, const char *request, size_t len, FILE **in)
{
	char line[LINE_MAX_BYTES];
	int fd, err;

	/* a long text is not typed at once */
	fd = open_control(guest, ANSWER_SECONDS + len / 50);
	if (fd < 0)
		return no_answer(guest, -fd);
	send_all(fd, request, len);
	shutdown(fd, SHUT_WR);
	*in = fdopen(fd, "r");
	if (!*in) {
		close(fd);
		return fail("%s", strerror(ENOMEM));
	}
	if (!read_line(*in, line)) {
		err = errno;
		fclose(*in);
		return no_answer(guest, err);
	}
	if (!strcmp(line, "ok"))
		return DONE;
	fclose(*in);
	make_plain(line);
	if (!strncmp(line, "error ", 6))
		return fail("%s: %s", guest, line + 6);
	return fail("%s: unknown answer: is another version of the backend running?", guest);
}

/* ---- list ---- */

enum { GUEST, CONNECTOR, ID, SIZE, FLIPS, VIEWERS, INPUT, SOCKET, TCP, COLUMNS };

/* As the backend names them; and as people read them. */
static const char *const keys[COLUMNS] = {
	NULL, "connector", "id", "size", "flips", "viewers", "input", "socket", "tcp",
};

static const char *const titles[COLUMNS] = {
	"GUEST", "N", "ID", "SIZE", "FLIPS/S", "VIEWERS", "INPUT", "SOCKET", "TCP",
};

struct row {
	char *cell[COLUMNS];
};

struct table {
	struct row *rows;
	size_t count;
};

static void *must(void *p)
{
	if (!p) {
		fail("%s", strerror(ENOMEM));
		exit(FAILED);
	}
	return p;
}

static char *cell_text(const char *s, size_t max)
{
	char *text = must(strdup(*s ? s : "-"));
	unsigned char *p;

	for (p = (unsigned char *)text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	if (strlen(text) > max)
		memcpy(text + max - 3, "...", 4);
	return text;
}

static void set_cell(struct row *row, const char *field)
{
	size_t len = strcspn(field, "=");
	int i;

	if (!field[len])
		return;
	for (i = CONNECTOR; i < COLUMNS; i++) {
		if (strlen(keys[i]) == len && !strncmp(keys[i], field, len)) {
			free(row->cell[i]);
			row->cell[i] = cell_text(field + len + 1, i >= SOCKET ?
						 LINE_MAX_BYTES : CELL_MAX);
		}
	}
	/* what is off has no size that anybody sees */
	if (!strcmp(field, "on=0")) {
		free(row->cell[SIZE]);
		row->cell[SIZE] = must(strdup("off"));
	}
}

static void add_row(struct table *t, const char *guest, char *line)
{
	char *field, *rest = line;
	struct row *row;

	t->rows = must(realloc(t->rows, (t->count + 1) * sizeof(*t->rows)));
	row = &t->rows[t->count++];
	memset(row, 0, sizeof(*row));
	row->cell[GUEST] = cell_text(guest, LINE_MAX_BYTES);
	while ((field = strsep(&rest, "\t")))
		set_cell(row, field);
}

static const char *shown(const struct row *row, int column)
{
	return row->cell[column] ? row->cell[column] : "-";
}

static void print_row(const char *const *cell, const int *width, int columns)
{
	int i;

	for (i = 0; i < columns - 1; i++)
		printf("%-*s  ", width[i], cell[i]);
	printf("%s\n", cell[i]);
}

static void print_table(const struct table *t)
{
	const char *cell[COLUMNS];
	int width[COLUMNS], i, columns = TCP;
	size_t r;

	for (i = 0; i < COLUMNS; i++) {
		width[i] = strlen(titles[i]);
		for (r = 0; r < t->count; r++)
			if ((int)strlen(shown(&t->rows[r], i)) > width[i])
				width[i] = strlen(shown(&t->rows[r], i));
	}
	for (r = 0; r < t->count; r++)
		if (t->rows[r].cell[TCP])
			columns = COLUMNS;
	print_row(titles, width, columns);
	for (r = 0; r < t->count; r++) {
		for (i = 0; i < COLUMNS; i++)
			cell[i] = shown(&t->rows[r], i);
		print_row(cell, width, columns);
	}
}

static void free_table(struct table *t)
{
	size_t r;
	int i;

	for (r = 0; r < t->count; r++)
		for (i = 0; i < COLUMNS; i++)
			free(t->rows[r].cell[i]);
	free(t->rows);
}

static int list_guest(struct table *t, const char *guest)
{
	char line[LINE_MAX_BYTES];
	FILE *in;
	int ret;

	ret = ask(guest, "list\n", 5, &in);
	if (ret)
		return ret;
	while (read_line(in, line))
		add_row(t, guest, line);
	if (errno == EAGAIN)
		ret = no_answer(guest, errno);
	fclose(in);
	return ret;
}

static int is_control(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > strlen(SUFFIX) && !strcmp(d->d_name + len - strlen(SUFFIX), SUFFIX);
}

static int list(void)
{
	struct table t = { 0 };
	struct dirent **found;
	int n, i, ret = DONE;

	n = scandir(run_dir, &found, is_control, alphasort);
	if (n < 0 && errno == ENOENT)
		return no_guest("");
	if (n < 0)
		return fail("cannot read %s: %s", run_dir, strerror(errno));
	for (i = 0; i < n; i++) {
		found[i]->d_name[strlen(found[i]->d_name) - strlen(SUFFIX)] = '\0';
		if (list_guest(&t, found[i]->d_name))
			ret = FAILED;
		free(found[i]);
	}
	free(found);
	if (t.count)
		print_table(&t);
	else if (!ret && !is_running())
		ret = no_guest("");
	else if (!ret)
		fprintf(stderr, "No guest has a display here. See xl.cfg(5), vdispl.\n");
	free_table(&t);
	return ret;
}

/* ---- picture ---- */

static const char png_begin[] = "\x89PNG\r\n\x1a\n";
static const char png_end[] = "IEND\xae\x42\x60\x82";

/* The whole picture, or NULL when it is none. */
static char *read_picture(FILE *in, size_t *len)
{
	size_t size = 1 << 20, got;
	char *data = must(malloc(size));

	*len = 0;
	while ((got = fread(data + *len, 1, size - *len, in)) > 0) {
		*len += got;
		if (*len < size)
			continue;
		if (size >= PICTURE_MAX)
			goto err;
		size *= 2;
		data = must(realloc(data, size));
	}
	if (*len > 16 && !memcmp(data, png_begin, 8) && !memcmp(data + *len - 8, png_end, 8))
		return data;
err:
	free(data);
	return NULL;
}

/* By another name first: who waits for the file never sees half of it. */
static int write_file(const char *file, const char *data, size_t len)
{
	struct stat st;
	char *part;
	FILE *out;
	int err = 0;

	/* a device or a pipe stays what it is */
	if (!stat(file, &st) && !S_ISREG(st.st_mode))
		part = must(strdup(file));
	else if (asprintf(&part, "%s.part", file) < 0)
		part = must(NULL);
	out = fopen(part, "we");
	if (!out) {
		err = errno;
		goto out;
	}
	if (fwrite(data, 1, len, out) != len)
		err = errno;
	if (fclose(out) && !err)
		err = errno;
	if (strcmp(part, file)) {
		if (!err && rename(part, file))
			err = errno;
		if (err)
			unlink(part);
	}
out:
	free(part);
	return err ? fail("cannot write %s: %s", file, strerror(err)) : DONE;
}

static int write_picture(const char *file, const char *data, size_t len)
{
	if (strcmp(file, "-"))
		return write_file(file, data, len);
	if (fwrite(data, 1, len, stdout) != len || fflush(stdout))
		return fail("cannot write the picture: %s", strerror(errno));
	return DONE;
}

static int picture(char *guest, const char *file)
{
	char *colon = strrchr(guest, ':'), *data;
	const char *connector = "0";
	char request[64];
	size_t len;
	FILE *in;
	int ret;

	if (colon) {
		connector = colon + 1;
		len = strlen(connector);
		if (!len || len > 16 || strspn(connector, "0123456789.") != len)
			return wrong_usage("after the guest's name stands a connector's number, as in debian:1");
		*colon = '\0';
	}
	if (!strcmp(file, "-") && isatty(STDOUT_FILENO))
		return wrong_usage("a picture is nothing for a terminal: give a file, or a pipe");
	ret = snprintf(request, sizeof(request), "picture %s\n", connector);
	ret = ask(guest, request, ret, &in);
	if (ret)
		return ret;
	data = read_picture(in, &len);
	fclose(in);
	if (!data)
		return fail("%s: the picture has no end; xen-display log may say why", guest);
	ret = write_picture(file, data, len);
	free(data);
	return ret;
}

/* ---- type ---- */

static int type(const char *guest, const char *text)
{
	static const char verb[] = "type\n";
	size_t len = strlen(verb);
	char *request;
	FILE *in;
	int ret;

	request = must(malloc(len + TEXT_MAX + 1));
	memcpy(request, verb, len);
	if (strcmp(text, "-")) {
		if (strlen(text) > TEXT_MAX)
			goto too_long;
		memcpy(request + len, text, strlen(text));
		len += strlen(text);
	} else {
		len += fread(request + len, 1, TEXT_MAX + 1, stdin);
		if (ferror(stdin)) {
			free(request);
			return fail("cannot read the text: %s", strerror(errno));
		}
		if (len > strlen(verb) + TEXT_MAX)
			goto too_long;
	}
	ret = ask(guest, request, len, &in);
	free(request);
	if (!ret)
		fclose(in);
	return ret;

too_long:
	free(request);
	return fail("the text is longer than 65,000 bytes: type it in pieces");
}

/* ---- log ---- */

static int show_log(int argc, char **argv)
{
	char **args = must(calloc(argc + 4, sizeof(*args)));
	int i;

	args[0] = "journalctl";
	args[1] = "--unit=xen-display-backend.service";
	for (i = 0; i < argc; i++)
		args[i + 2] = argv[i];
	execvp(args[0], args);
	free(args);
	return fail("cannot run journalctl: %s", strerror(errno));
}

/* ---- the command line ---- */

static int run(int argc, char **argv)
{
	const char *verb = argv[0];

	if (!strcmp(verb, "log"))
		return show_log(argc - 1, argv + 1);
	if (!strcmp(verb, "list"))
		return argc == 1 ? list() : wrong_usage("list takes no word");
	if (!strcmp(verb, "picture"))
		return argc == 3 ? picture(argv[1], argv[2]) :
		       wrong_usage("picture takes GUEST[:N] and FILE.png");
	if (!strcmp(verb, "type"))
		return argc == 3 ? type(argv[1], argv[2]) :
		       wrong_usage("type takes GUEST and TEXT (in quotes), or - for standard input");
	if (!strcmp(verb, "add-input"))
		return argc == 2 ? add_input(argv[1]) : wrong_usage("add-input takes GUEST");
	return wrong_usage("no such command");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "run-dir", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 }
	};
	int o;

	/* options of log are journalctl's: ours stand before the command */
	while ((o = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
		switch (o) {
		case 'r':
			run_dir = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return DONE;
		case 'v':
			puts("xen-display " XDB_VERSION);
			return DONE;
		default:
			return WRONG_USAGE;
		}
	}
	if (optind == argc)
		return wrong_usage("a command is missing");
	o = run(argc - optind, argv + optind);
	if (fflush(stdout) && !o)
		return fail("cannot write: %s", strerror(errno));
	return o;
}
