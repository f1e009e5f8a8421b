// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A hostile guest, and hostile viewers' processes: an input is a list of what
 * they do. The files are the product's; pages, XenStore and screens are not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "test.h"
#include "../../src/backend/guest.h"
#include "../../src/backend/keys.h"
#include "../../src/backend/run.h"
#include "../../src/backend/say.h"
#include "../../src/backend/screen.h"
#include "../../src/backend/vkb.h"
#include "../../src/backend/xenstore.h"

struct options opt = {
	.refresh = 60, .versions = "1,2", .version_max = 2,
	.max_bytes = 64 << 20, .domid = 0, .guest = 5,
};

struct run run = { .dir = "/run/xen-display", .layout = "us", .group = -1 };

const char *guest_name(void)
{
	return "guest";
}

/* ---- XenStore: what the toolstack wrote, and what the guest may write ---- */
#define BE	"/local/domain/0/backend/"
#define FE	"/local/domain/5/device/"
#define VALUE	80

static struct node {
	const char *path;
	const char *first;		/* value at the start; NULL: none */
	char value[VALUE];
	bool there;
} nodes[] = {
	{ BE "vdispl/5/0/frontend", FE "vdispl/0" },
	{ BE "vdispl/5/0/frontend-id", "5" },
	{ BE "vdispl/5/0/state", "1" },
	{ BE "vdispl/5/0/online", "1" },
	{ BE "vdispl/5/0/versions", NULL },
	{ BE "vinput/5/0/frontend", FE "vkb/0" },
	{ BE "vinput/5/0/frontend-id", "5" },
	{ BE "vinput/5/0/state", "1" },
	{ BE "vinput/5/0/feature-abs-pointer", NULL },
	{ BE "vinput/5/0/width", NULL },
	{ BE "vinput/5/0/height", NULL },
	/* the guest's from here on */
	{ FE "vdispl/0/state", "1" },
	{ FE "vdispl/0/version", NULL },
	{ FE "vdispl/0/be-alloc", "0" },
	{ FE "vdispl/0/0/resolution", "64x30" },
	{ FE "vdispl/0/0/unique-id", "id0" },
	{ FE "vdispl/0/0/req-ring-ref", "1" },
	{ FE "vdispl/0/0/req-event-channel", "10" },
	{ FE "vdispl/0/0/evt-ring-ref", "2" },
	{ FE "vdispl/0/0/evt-event-channel", "20" },
	{ FE "vdispl/0/1/resolution", "64x30" },
	{ FE "vdispl/0/1/unique-id", "id1" },
	{ FE "vdispl/0/1/req-ring-ref", "3" },
	{ FE "vdispl/0/1/req-event-channel", "11" },
	{ FE "vdispl/0/1/evt-ring-ref", "4" },
	{ FE "vdispl/0/1/evt-event-channel", "21" },
	{ FE "vkb/0/state", "1" },
	{ FE "vkb/0/page-gref", "5" },
	{ FE "vkb/0/event-channel", "12" },
};

#define NODES	(sizeof(nodes) / sizeof(nodes[0]))
#define GUESTS	11

static struct node *node_find(const char *path)
{
	size_t i;

	for (i = 0; i < NODES; i++)
		if (!strcmp(nodes[i].path, path))
			return &nodes[i];
	return NULL;
}

static struct node *node_in(const char *dir, const char *name)
{
	char path[XENSTORE_PATH];

	snprintf(path, sizeof(path), "%.400s/%.64s", dir, name);
	return node_find(path);
}

int xenstore_domid(void)
{
	return 0;
}

char *xenstore_read(const char *dir, const char *name)
{
	struct node *n = node_in(dir, name);

	return n && n->there ? strdup(n->value) : NULL;
}

bool xenstore_number(const char *dir, const char *name, uint32_t max, uint32_t *val)
{
	struct node *n = node_in(dir, name);

	return n && n->there && parse_number(n->value, max, val);
}

int xenstore_state(const char *dir)
{
	uint32_t v;

	return xenstore_number(dir, "state", 8, &v) ? (int)v : ST_NONE;
}

/* As the library has it: one block, the strings behind the pointers. */
char **xenstore_list(const char *dir, unsigned int *count)
{
	char **list = calloc(NODES, sizeof(*list) + VALUE), *text;
	size_t i, len = strlen(dir);
	unsigned int n = 0, j;

	text = (char *)(list + NODES);
	for (i = 0; i < NODES; i++) {
		const char *rest = nodes[i].path + len + 1;

		if (!nodes[i].there || strncmp(nodes[i].path, dir, len) ||
		    nodes[i].path[len] != '/')
			continue;
		snprintf(text, VALUE, "%.*s", (int)strcspn(rest, "/"), rest);
		for (j = 0; j < n && strcmp(list[j], text); j++)
			;
		if (j < n)
			continue;
		list[n++] = text;
		text += VALUE;
	}
	*count = n;
	if (n)
		return list;
	free(list);
	return NULL;
}

bool xenstore_write_guarded(const char *dir, const char *guard, const char *name,
			    const char *value)
{
	struct node *n = node_in(dir, name), *g = node_in(dir, guard);

	if (!n || !g || !g->there)
		return false;
	n->there = true;
	snprintf(n->value, sizeof(n->value), "%s", value);
	return true;
}

int xenstore_watch(const char *path, const char *token)
{
	(void)path;
	(void)token;
	return 0;
}

void xenstore_unwatch(const char *path, const char *token)
{
	(void)path;
	(void)token;
}

void xenstore_remove(const char *dir, const char *name)
{
	struct node *n = node_in(dir, name);

	if (n)
		n->there = false;
}

char *xenstore_frontend(const char *backend, uint32_t domid)
{
	(void)domid;
	return xenstore_read(backend, "frontend");
}

/* ---- screens with one viewer, who looks at every pixel ---- */
static struct viewer looker;
static struct screen *screens[4];
static uint32_t seen;

int screen_open(struct screen *s, const char *path, gid_t group)
{
	size_t i;

	(void)path;
	(void)group;
	s->viewers = &looker;
	s->count = 1;
	for (i = 0; i < 4 && screens[i]; i++)
		;
	assert_true(i < 4);
	screens[i] = s;
	return 0;
}

int screen_open_tcp(struct screen *s, const char *address, uint16_t port)
{
	(void)s;
	(void)address;
	(void)port;
	return 0;
}

void screen_close(struct screen *s)
{
	size_t i;

	for (i = 0; i < 4; i++)
		if (screens[i] == s)
			screens[i] = NULL;
	free(s->canvas.head);
}

int screen_size(struct screen *s, uint32_t width, uint32_t height)
{
	assert_true(width && height);
	if (!s->canvas.head)
		s->canvas.head = calloc(1, sizeof(*s->canvas.head));
	s->canvas.head->width = width;
	s->canvas.head->height = height;
	return 0;
}

void screen_show(struct screen *s, canvas_lines_fn lines, void *data)
{
	const struct canvas_head *head = s->canvas.head;
	uint32_t y, count;
	size_t i;

	for (y = 0; y < head->height; y += count) {
		const uint32_t *p;

		count = head->height - y < 16 ? head->height - y : 16;
		p = lines(data, y, &count);
		for (i = 0; i < (size_t)count * head->width; i++)
			seen += p[i];
	}
}

/* ---- the log: written, to have every byte looked at, and forgotten ---- */
static char text[1024];

static void keep(const char *fmt, va_list ap)
{
	size_t i;

	vsnprintf(text, sizeof(text), fmt, ap);
	for (i = 0; text[i]; i++)
		assert_true(text[i] >= ' ' && text[i] <= '~');
}

#define LOGS(fmt) \
	do { \
		va_list ap; \
		va_start(ap, fmt); \
		keep(fmt, ap); \
		va_end(ap); \
	} while (0)

uint64_t now_ns(void)
{
	static uint64_t now;

	return now += 1000000;
}

void log_conn(const struct conn *c, const char *kind, const char *fmt, ...)
{
	(void)c;
	(void)kind;
	LOGS(fmt);
}

void log_dev(const struct dev *d, const char *kind, const char *fmt, ...)
{
	(void)d;
	(void)kind;
	LOGS(fmt);
}

void log_note(const char *fmt, ...)
{
	LOGS(fmt);
}

void log_error(const char *fmt, ...)
{
	LOGS(fmt);
}

void violation(const struct conn *c, const char *what, const char *fmt, ...)
{
	(void)c;
	(void)what;
	LOGS(fmt);
}

void say(const char *fmt, ...)
{
	LOGS(fmt);
}

void say_conn(const struct conn *c, const char *fmt, ...)
{
	(void)c;
	LOGS(fmt);
}

/* ---- an input ---- */
static const uint8_t *at, *end;

static uint32_t take(unsigned int bytes)
{
	uint32_t v = 0;

	while (bytes--)
		v = v << 8 | (at < end ? *at++ : 0);
	return v;
}

static size_t take_text(void *to, size_t room)
{
	size_t len = take(1);

	if (len > room)
		len = room;
	if (len > (size_t)(end - at))
		len = end - at;
	memcpy(to, at, len);
	at += len;
	return len;
}

static void write_memory(void)
{
	uint8_t *page = fake_page(1 + take(2) % (FAKE_PAGES - 1));
	size_t ofs = take(2) % DISPLIF_PAGE_SIZE;

	take_text(page + ofs, DISPLIF_PAGE_SIZE - ofs);
}

static void write_node(void)
{
	struct node *n = &nodes[GUESTS + take(1) % (NODES - GUESTS)];
	char value[VALUE];
	size_t len = take_text(value, sizeof(value) - 1);

	value[len] = '\0';
	n->there = len;
	strcpy(n->value, value);
}

static void look(void)
{
	vdispl_sync();
	vkb_sync();
}

/* A request as it stands in the input, in the ring where it is by default. */
static void push(void)
{
	struct xdf_sring *s = fake_page(1 + 2 * (take(1) & 1));
	struct displif_req *req = &s->ring[s->req_prod & 31].req;

	memset(req, 0, sizeof(*req));
	take_text(req, sizeof(*req));
	s->req_prod++;
}

static void serve(void)
{
	struct dev *d;
	struct conn *c;

	for (d = devs; d; d = d->next)
		for (c = d->conns; c; c = c->next)
			if (c->bound)
				c->more = true;
	ring_time(now_ns());
}

static void viewer_says(void)
{
	struct screen *s = screens[take(1) % 4];
	struct viewer_message m;

	memset(&m, 0, sizeof(m));
	take_text(&m, sizeof(m));
	if (s && m.type != VIEWER_READY)
		s->said(s, &looker, &m);
}

static void all(void)
{
	while (at < end) {
		switch (take(1) % 8) {
		case 0:
			write_memory();
			break;
		case 1:
			write_node();
			break;
		case 2:
			look();
			break;
		case 3:
			push();
			break;
		case 4:
			serve();
			break;
		case 5:
			viewer_says();
			break;
		case 6:
			ring_time(UINT64_MAX / 2);
			break;
		case 7:
			if (vkb_input())
				input_let_go(vkb_input(), &looker.held);
			break;
		}
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return keys_open(run.layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i;

	at = data;
	end = data + size;
	fake_reset();
	memset(&looker, 0, sizeof(looker));
	for (i = 0; i < NODES; i++) {
		nodes[i].there = nodes[i].first;
		snprintf(nodes[i].value, VALUE, "%s", nodes[i].first ? nodes[i].first : "");
	}
	vdispl_open();
	vkb_open(0, 5);
	look();
	all();
	vdispl_close();
	vkb_close();
	/* whatever the guest did, nothing of it is held any more */
	assert_int_equal(fake_mapped, 0);
	for (i = 0; i < 4; i++)
		assert_null(screens[i]);
	return 0;
}
