// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Connectors as screens: their ports, their memory, and what is said of viewers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "../../src/backend/display.h"
#include "../../src/backend/guest.h"
#include "../../src/backend/run.h"
#include "../../src/backend/say.h"
#include "../../src/backend/screen.h"
#include "../../src/backend/vkb.h"
#include "../../src/backend/xenstore.h"

#define ROOT	"/local/domain/0/backend/vdispl"
#define NODES	16

struct options opt;
struct dev *devs;
struct run run = { .dir = "/run/xen-display", .layout = "us", .group = -1, .port = 5900 };

static struct {
	char path[96], value[32];
} nodes[NODES];
static unsigned int nnodes, lines, read_from_guest, shown;
static char last[256], of_tcp[256];
static uint16_t listening[8];
static bool all_taken;
static struct screen *screens[8];

const char *guest_name(void)
{
	return "guest";
}

struct input *vkb_input(void)
{
	return NULL;
}

struct fb *fb_find(const struct dev *d, uint64_t cookie)
{
	struct fb *f;

	for (f = d->fbs; f && f->cookie != cookie; f = f->next)
		;
	return f;
}

bool conn_resolution(const struct conn *c, uint32_t *w, uint32_t *h, char **text)
{
	*w = c->width;
	*h = c->height;
	*text = NULL;
	return true;
}

const uint8_t *gmap_at(const struct gmap *m, size_t ofs, size_t len)
{
	(void)m;
	(void)ofs;
	(void)len;
	read_from_guest++;
	return NULL;
}

void gmap_read(const struct gmap *m, size_t ofs, void *dst, size_t len)
{
	(void)m;
	(void)ofs;
	memset(dst, 0, len);
}

/* ---- what is said ---- */
#define SAY(fmt) \
	do { \
		va_list ap; \
		va_start(ap, fmt); \
		vsnprintf(last, sizeof(last), fmt, ap); \
		va_end(ap); \
		lines++; \
		if (strstr(last, "TCP")) \
			strcpy(of_tcp, last); \
	} while (0)

void say(const char *fmt, ...)
{
	SAY(fmt);
}

void say_conn(const struct conn *c, const char *fmt, ...)
{
	(void)c;
	SAY(fmt);
}

void log_error(const char *fmt, ...)
{
	SAY(fmt);
}

/* ---- XenStore ---- */
static void node_set(const char *path, const char *value)
{
	unsigned int i;

	for (i = 0; i < nnodes && strcmp(nodes[i].path, path); i++)
		;
	assert_true(i < NODES);
	nnodes += i == nnodes;
	snprintf(nodes[i].path, sizeof(nodes[i].path), "%s", path);
	snprintf(nodes[i].value, sizeof(nodes[i].value), "%s", value);
}

char *xenstore_read(const char *dir, const char *name)
{
	char path[XENSTORE_PATH];
	unsigned int i;

	snprintf(path, sizeof(path), "%.400s/%.64s", dir, name);
	for (i = 0; i < nnodes; i++)
		if (!strcmp(nodes[i].path, path))
			return strdup(nodes[i].value);
	return NULL;
}

bool xenstore_number(const char *dir, const char *name, uint32_t max, uint32_t *val)
{
	char *s = xenstore_read(dir, name);
	bool ok = s && parse_number(s, max, val);

	free(s);
	return ok;
}

char **xenstore_list(const char *dir, unsigned int *count)
{
	char **list = calloc(NODES, sizeof(*list) + sizeof(nodes[0].path)), *text;
	size_t len = strlen(dir);
	unsigned int i, n = 0;

	text = (char *)(list + NODES);
	for (i = 0; i < nnodes; i++) {
		const char *rest = nodes[i].path + len + 1;

		if (strncmp(nodes[i].path, dir, len) || nodes[i].path[len] != '/')
			continue;
		/* one more than once is seen more than once */
		snprintf(text, sizeof(nodes[0].path), "%.*s", (int)strcspn(rest, "/"), rest);
		list[n++] = text;
		text += sizeof(nodes[0].path);
	}
	*count = n;
	return list;
}

bool xenstore_write_guarded(const char *dir, const char *guard, const char *name,
			    const char *value)
{
	char path[XENSTORE_PATH];

	(void)guard;
	snprintf(path, sizeof(path), "%.400s/%.64s", dir, name);
	node_set(path, value);
	return true;
}

void xenstore_remove(const char *dir, const char *name)
{
	(void)dir;
	(void)name;
}

/* ---- screens ---- */
int screen_open(struct screen *s, const char *path, gid_t group)
{
	size_t i;

	(void)path;
	(void)group;
	for (i = 0; screens[i]; i++)
		;
	screens[i] = s;
	return 0;
}

int screen_open_tcp(struct screen *s, const char *address, uint16_t port)
{
	size_t i;

	(void)s;
	assert_string_equal(address, "127.0.0.1");
	if (port < 1024)
		return -EACCES;
	if (all_taken)
		return -EADDRINUSE;
	for (i = 0; listening[i]; i++)
		if (listening[i] == port)
			return -EADDRINUSE;
	listening[i] = port;
	return 0;
}

void screen_close(struct screen *s)
{
	free(s->canvas.head);
	memset(screens, 0, sizeof(screens));
}

int screen_size(struct screen *s, uint32_t width, uint32_t height)
{
	if (!s->canvas.head)
		s->canvas.head = calloc(1, sizeof(*s->canvas.head));
	s->canvas.head->width = width;
	s->canvas.head->height = height;
	s->canvas.size = (size_t)width * height * 4;
	return 0;
}

void screen_show(struct screen *s, canvas_lines_fn get, void *data)
{
	uint32_t count = 1;

	(void)s;
	get(data, 0, &count);
	shown++;
}

/* ---- the tests ---- */
static struct dbuf dbuf = { .pitch = 1 };
static struct fb fb = { .cookie = 7, .dbuf = &dbuf };
static struct dev dev = { .domid = 5, .be_path = ROOT "/5/0", .fe_path = "/local/domain/5/device/vdispl/0" };
static struct conn conn[2];

static int setup(void **state)
{
	(void)state;
	nnodes = 0;
	lines = 0;
	memset(listening, 0, sizeof(listening));
	memset(conn, 0, sizeof(conn));
	conn[0].dev = &dev;
	conn[1].dev = &dev;
	conn[1].index = 1;
	conn[0].width = conn[1].width = 800;
	conn[0].height = conn[1].height = 600;
	dev.conns = &conn[0];
	conn[0].next = &conn[1];
	dev.fbs = &fb;
	run.tcp = NULL;
	opt.max_bytes = 8 << 20;
	opt.domid = 0;
	node_set(ROOT "/5/0/frontend", dev.fe_path);
	return 0;
}

static void ports(const char *left, const char *right)
{
	char *l = xenstore_read(dev.be_path, "vnc-port-0");
	char *r = xenstore_read(dev.be_path, "vnc-port-1");

	assert_string_equal(l, left);
	assert_string_equal(r, right);
	free(l);
	free(r);
}

/* A viewer's address is the same when the backend comes again, whoever is first. */
static void test_ports(void **state)
{
	(void)state;
	run.tcp = "127.0.0.1";
	/* of a guest whose process is away for a moment */
	node_set(ROOT "/4/0/vnc-port-0", "5901");
	display_add(&conn[0]);
	display_add(&conn[1]);
	ports("5900", "5902");
	display_gone(&dev);
	memset(listening, 0, sizeof(listening));
	display_add(&conn[1]);
	display_add(&conn[0]);
	ports("5900", "5902");
	assert_int_equal(listening[0], 5902);
	assert_int_equal(listening[1], 5900);
	display_gone(&dev);
	/* somebody else has taken it */
	memset(listening, 0, sizeof(listening));
	listening[0] = 5902;
	display_add(&conn[0]);
	display_add(&conn[1]);
	ports("5900", "5903");
	display_gone(&dev);
}

/* Without a port the screen is there all the same, and the journal says why. */
static void test_no_port(void **state)
{
	(void)state;
	run.tcp = "127.0.0.1";
	all_taken = true;
	display_add(&conn[0]);
	assert_int_equal(lines, 3);
	assert_string_equal(of_tcp, "no TCP for guest-0 at 127.0.0.1 from port 5900 on: Address already in use");
	display_gone(&dev);
	all_taken = false;
	lines = 0;
	run.port = 80;
	display_add(&conn[0]);
	assert_string_equal(of_tcp, "no TCP for guest-0 at 127.0.0.1 from port 80 on: Permission denied");
	run.port = 5900;
	assert_non_null(conn[0].picture);
	display_gone(&dev);
}

/* A guest's pictures together have a limit, which is told once. */
static void test_memory(void **state)
{
	const struct canvas *c;
	const char *why;
	unsigned int i;

	(void)state;
	display_add(&conn[0]);
	display_add(&conn[1]);
	fb.fmt = format_find(FOURCC('X', 'R', '2', '4'));
	for (i = 0; i < 2; i++) {
		conn[i].on = true;
		conn[i].shown = fb.cookie;
		conn[i].cfg.width = 1024;
		conn[i].cfg.height = 1024;
	}
	assert_non_null(display_picture("0", &why));
	c = display_picture("1", &why);
	assert_int_equal(c->head->height, 1024);
	/* one line more than there is room for: the picture stays as it was */
	lines = 0;
	conn[1].cfg.height++;
	for (i = 0; i < 3; i++) {
		c = display_picture("1", &why);
		assert_int_equal(c->head->height, 1024);
	}
	assert_int_equal(lines, 1);
	assert_non_null(strstr(last, "no memory to show 1024x1025"));
	assert_non_null(strstr(last, "--max-mib"));
	/* and what the other one gives back it may have */
	conn[0].cfg.height--;
	display_picture("0", &why);
	c = display_picture("1", &why);
	assert_int_equal(c->head->height, 1025);
	display_gone(&dev);
}

/* What a list has as a connector's number gets its picture, on a second device, too. */
static void test_devices(void **state)
{
	static struct dev second = { .domid = 5, .devid = 1, .be_path = ROOT "/5/1" };
	static struct conn other = { .dev = &second, .width = 64, .height = 48 };
	char *text = NULL;
	const char *why;
	size_t len;
	FILE *out;

	(void)state;
	second.conns = &other;
	second.fbs = &fb;
	fb.fmt = format_find(FOURCC('X', 'R', '2', '4'));
	display_add(&conn[0]);
	display_add(&other);
	other.on = true;
	other.shown = fb.cookie;
	other.cfg.width = 64;
	other.cfg.height = 48;
	out = open_memstream(&text, &len);
	display_list(out, "yes");
	fclose(out);
	assert_non_null(strstr(text, "connector=0\t"));
	assert_non_null(strstr(text, "connector=1.0\t"));
	free(text);
	assert_int_equal(display_picture("1.0", &why)->head->height, 48);
	assert_null(display_picture("0", &why));
	assert_string_equal(why, "the guest shows nothing there");
	assert_null(display_picture("1", &why));
	assert_non_null(strstr(why, "no such connector"));
	assert_null(display_picture("", &why));
	display_gone(&second);
	display_gone(&dev);
}

static void test_viewers(void **state)
{
	struct screen *s;
	unsigned int i;

	(void)state;
	display_add(&conn[0]);
	s = screens[0];
	lines = 0;
	for (i = 0; i < 20; i++) {
		s->count++;
		s->joined(s);
	}
	assert_int_equal(lines, 1);
	assert_string_equal(last, "somebody looks at guest-0");
	while (s->count) {
		s->count--;
		s->left(s, NULL);
	}
	assert_int_equal(lines, 2);
	assert_string_equal(last, "nobody looks at guest-0 any more");
	display_gone(&dev);
}

/* Nobody looks: nothing is read and nothing copied, however much the guest shows. */
static void test_unseen(void **state)
{
	struct screen *s;
	unsigned int i;

	(void)state;
	display_add(&conn[0]);
	s = screens[0];
	fb.fmt = format_find(FOURCC('X', 'R', '2', '4'));
	conn[0].on = true;
	conn[0].shown = fb.cookie;
	conn[0].cfg.width = 64;
	conn[0].cfg.height = 48;
	read_from_guest = 0;
	shown = 0;
	for (i = 0; i < 100; i++)
		display_show(&conn[0]);
	assert_int_equal(read_from_guest, 0);
	assert_int_equal(shown, 0);
	/* who comes sees it, and each flip from there on */
	s->count++;
	s->joined(s);
	assert_int_equal(shown, 1);
	display_show(&conn[0]);
	assert_int_equal(shown, 2);
	assert_int_equal(read_from_guest, 2);
	s->count--;
	s->left(s, NULL);
	display_show(&conn[0]);
	display_off(&conn[0]);
	assert_int_equal(shown, 2);
	display_gone(&dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ports, setup),
		cmocka_unit_test_setup(test_no_port, setup),
		cmocka_unit_test_setup(test_memory, setup),
		cmocka_unit_test_setup(test_devices, setup),
		cmocka_unit_test_setup(test_viewers, setup),
		cmocka_unit_test_setup(test_unseen, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
