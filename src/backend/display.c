// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A guest's connectors as screens. A screen lives as long as its device, so
 * viewers see a guest reboot. Without viewers nothing of a picture is read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "display.h"
#include "edid.h"
#include "guest.h"
#include "input.h"
#include "keys.h"
#include "run.h"
#include "say.h"
#include "screen.h"
#include "vkb.h"
#include "xenstore.h"

/* Until the guest has set a mode, and where XenStore has no size. */
#define FIRST_WIDTH	800
#define FIRST_HEIGHT	600
/* What a viewer may ask for. */
#define MIN_WIDTH	320
#define MIN_HEIGHT	200
/* Ports that are tried. */
#define PORTS		1000
/* In our directory of a device in XenStore; the connector's number follows. */
#define NODE_PORT	"vnc-port-"

struct picture {
	struct picture *next;
	uint32_t devid, index;
	struct conn *conn;		/* NULL: not connected */
	struct screen screen;
	uint16_t port;			/* 0: no TCP */
	bool named;			/* to xl vncviewer */
	uint32_t rejected;		/* pixels that there was no memory for */
	uint32_t *line;			/* one line, where it has to be copied */
	uint8_t *raw;
	uint32_t room;			/* of both, in pixels */
	/* flips of this second and of the one before */
	uint64_t second;
	unsigned int flips, rate;
};

static struct picture *pictures;

static struct picture *picture_of(struct screen *s)
{
	return watch_owner(s, struct picture, screen);
}

/* ---- what is shown ---- */

static int picture_reserve(struct picture *p, uint32_t width)
{
	if (width <= p->room)
		return 0;
	free(p->line);
	free(p->raw);
	p->line = malloc(width * sizeof(*p->line));
	p->raw = malloc(width * sizeof(*p->line));
	p->room = p->line && p->raw ? width : 0;
	return p->room ? 0 : -ENOMEM;
}

/* A guest's pictures together have the limit of its buffers. */
static int picture_size(struct picture *p, uint32_t width, uint32_t height)
{
	uint64_t bytes = (uint64_t)width * height * sizeof(uint32_t);
	const struct picture *o;

	for (o = pictures; o; o = o->next)
		if (o != p)
			bytes += o->screen.canvas.size;
	if (bytes > opt.max_bytes)
		return -ENOMEM;
	return screen_size(&p->screen, width, height);
}

static const uint32_t *black_lines(void *data, uint32_t y, uint32_t *count)
{
	const struct picture *p = data;

	(void)y;
	*count = 1;
	return p->line;
}

static void black(struct picture *p)
{
	const struct canvas_head *head = p->screen.canvas.head;

	if (!p->screen.count || !head || picture_reserve(p, head->width))
		return;
	memset(p->line, 0, head->width * sizeof(*p->line));
	screen_show(&p->screen, black_lines, p);
}

struct source {
	struct picture *p;
	const struct fb *fb;
};

/* The guest may draw meanwhile: that tears its picture, and nothing else. */
static const uint32_t *guest_lines(void *data, uint32_t y, uint32_t *count)
{
	const struct source *s = data;
	const struct displif_set_config *cfg = &s->p->conn->cfg;
	const struct dbuf *b = s->fb->dbuf;
	const struct format *fmt = s->fb->fmt;
	size_t len = (size_t)cfg->width * fmt->bpp / 8;
	size_t ofs = b->data_ofs + (size_t)(cfg->y + y) * b->pitch +
		(size_t)cfg->x * fmt->bpp / 8;
	bool as_it_is = frame_is_xrgb(fmt) && !(ofs & 3);
	const uint8_t *from = NULL;

	if (as_it_is && b->pitch == len)
		from = gmap_at(&b->map, ofs, *count * len);
	if (from)
		return (const uint32_t *)from;
	*count = 1;
	from = gmap_at(&b->map, ofs, len);
	if (!from) {
		gmap_read(&b->map, ofs, s->p->raw, len);
		from = s->p->raw;
	}
	if (as_it_is)
		return (const uint32_t *)from;
	frame_line_xrgb(s->p->line, from, cfg->width, fmt);
	return s->p->line;
}

static void draw(struct picture *p)
{
	const struct conn *c = p->conn;
	struct source s = { .p = p };
	int ret;

	if (!c || !c->on) {
		black(p);
		return;
	}
	s.fb = fb_find(c->dev, c->shown);
	/* taken away while on show: what is seen stays */
	if (!s.fb || !s.fb->dbuf)
		return;
	ret = picture_size(p, c->cfg.width, c->cfg.height);
	if (!ret)
		ret = picture_reserve(p, c->cfg.width);
	if (ret) {
		/* once for each size, and not for each flip */
		if (p->rejected != c->cfg.width * c->cfg.height)
			say_conn(c, "no memory to show %ux%u: %s; see --max-mib",
				 c->cfg.width, c->cfg.height, strerror(-ret));
		p->rejected = c->cfg.width * c->cfg.height;
		return;
	}
	screen_show(&p->screen, guest_lines, &s);
}

/* ---- viewers ---- */

static void joined(struct screen *s)
{
	struct picture *p = picture_of(s);

	draw(p);
	/* twenty viewers are not twenty lines */
	if (s->count == 1)
		say("somebody looks at %s", s->title);
}

/* Outputs are from the left to the right, as desktops put them by default. */
static struct input_area area_of(const struct picture *p)
{
	struct input_area area = { 0 };
	const struct conn *c;
	const struct dev *d;

	for (d = devs; d; d = d->next) {
		for (c = d->conns; c; c = c->next) {
			if (!c->on)
				continue;
			if (c == p->conn) {
				area.x = area.all_width;
				area.width = c->cfg.width;
				area.height = c->cfg.height;
			}
			area.all_width += c->cfg.width;
			if (c->cfg.height > area.all_height)
				area.all_height = c->cfg.height;
		}
	}
	return area;
}

static void resize(struct picture *p, uint32_t width, uint32_t height)
{
	char dir[XENSTORE_PATH], value[32], *old;
	const struct conn *c = p->conn;

	if (!c)
		return;
	if (width < MIN_WIDTH)
		width = MIN_WIDTH;
	if (height < MIN_HEIGHT)
		height = MIN_HEIGHT;
	if (width > BE_MAX_SIDE || height > BE_MAX_SIDE)
		return;
	snprintf(dir, sizeof(dir), "%.400s/%u", c->dev->fe_path, c->index);
	snprintf(value, sizeof(value), "%ux%u", width, height);
	old = xenstore_read(dir, DISPLIF_NODE_RESOLUTION);
	if (old && strcmp(old, value) &&
	    !xenstore_write_guarded(dir, DISPLIF_NODE_RESOLUTION,
				    DISPLIF_NODE_RESOLUTION, value))
		say_conn(c, "cannot write the resolution %s that a viewer asks for: %s",
			 value, strerror(errno));
	free(old);
}

static void said(struct screen *s, struct viewer *v, const struct viewer_message *m)
{
	struct picture *p = picture_of(s);
	struct input *in = vkb_input();
	struct input_area area;

	if (m->type == VIEWER_RESIZE) {
		resize(p, m->resize.width, m->resize.height);
		return;
	}
	/* a guest without keyboard and pointer is only looked at */
	if (!in)
		return;
	switch (m->type) {
	case VIEWER_SCANCODE:
		input_key(in, &v->held, keys_scancode(m->key.code), m->key.down);
		break;
	case VIEWER_KEYSYM:
		input_symbol(in, &v->held, m->key.code, m->key.down);
		break;
	case VIEWER_POINTER:
		area = area_of(p);
		/* of a picture that is gone: the next one comes at once */
		if (area.width == m->pointer.width && area.height == m->pointer.height)
			input_pointer(in, &v->held, &area, m->pointer.x,
				      m->pointer.y, m->pointer.buttons);
		break;
	default:
		break;
	}
}

static void left(struct screen *s, struct viewer *v)
{
	struct input *in = vkb_input();

	if (in)
		input_let_go(in, &v->held);
	if (!s->count)
		say("nobody looks at %s any more", s->title);
}

/* ---- screens ---- */

static const char *console_dir(void)
{
	static char dir[64];

	snprintf(dir, sizeof(dir), "/local/domain/%d/console", opt.guest);
	return dir;
}

/* The emulated VGA of an HVM guest has that name already, and keeps it. */
static bool vga_is_named(void)
{
	char dir[64], *type, *port;
	bool is;

	snprintf(dir, sizeof(dir), "/libxl/%d", opt.guest);
	type = xenstore_read(dir, "type");
	port = xenstore_read(console_dir(), "vnc-port");
	is = type && port && !strcmp(type, "hvm");
	free(type);
	free(port);
	return is;
}

/* Where xl vncviewer looks. */
static void name_port(struct picture *p)
{
	char value[16];

	if (vga_is_named())
		return;
	snprintf(value, sizeof(value), "%u", p->port);
	p->named = xenstore_write_guarded(console_dir(), "ring-ref", "vnc-listen", run.tcp) &&
		   xenstore_write_guarded(console_dir(), "ring-ref", "vnc-port", value);
}

/* The port that a screen had before we ended and came again; 0: none. */
static uint32_t old_port(const struct dev *d, uint32_t index)
{
	char node[32];
	uint32_t port;

	snprintf(node, sizeof(node), NODE_PORT "%u", index);
	return xenstore_number(d->be_path, node, 65535, &port) ? port : 0;
}

/* Whether another guest's screens have that port, even while none listens there. */
static bool is_taken(uint32_t port)
{
	char root[64], dir[96], **guests, **ids, **names;
	unsigned int guest, id, name, nguests, nids, nnames;
	bool taken = false;
	uint32_t v;

	snprintf(root, sizeof(root), "/local/domain/%d/backend/" DISPLIF_XENBUS_TYPE,
		 opt.domid);
	guests = xenstore_list(root, &nguests);
	for (guest = 0; guests && guest < nguests; guest++) {
		snprintf(dir, sizeof(dir), "%s/%.8s", root, guests[guest]);
		ids = xenstore_list(dir, &nids);
		for (id = 0; ids && id < nids; id++) {
			snprintf(dir, sizeof(dir), "%s/%.8s/%.8s", root,
				 guests[guest], ids[id]);
			names = xenstore_list(dir, &nnames);
			for (name = 0; names && name < nnames; name++)
				taken |= !strncmp(names[name], NODE_PORT, strlen(NODE_PORT)) &&
					 xenstore_number(dir, names[name], 65535, &v) &&
					 v == port;
			free(names);
		}
		free(ids);
	}
	free(guests);
	return taken;
}

static int try_port(struct picture *p, uint32_t port)
{
	int ret = screen_open_tcp(&p->screen, run.tcp, port);

	if (!ret)
		p->port = port;
	return ret;
}

/* A viewer's address stays when we end and come again. */
static void open_tcp(struct picture *p, const struct dev *d)
{
	uint32_t port = old_port(d, p->index), end = run.port + PORTS;
	char node[32], value[16];
	int ret = -EADDRINUSE;

	if (port >= run.port)
		ret = try_port(p, port);
	for (port = run.port; ret == -EADDRINUSE && port < end && port <= 65535; port++)
		if (!is_taken(port))
			ret = try_port(p, port);
	if (ret) {
		say("no TCP for %s at %s from port %u on: %s", p->screen.title,
		    run.tcp, run.port, strerror(-ret));
		return;
	}
	snprintf(node, sizeof(node), NODE_PORT "%u", p->index);
	snprintf(value, sizeof(value), "%u", p->port);
	xenstore_write_guarded(d->be_path, "frontend", node, value);
	say("%s is at %s:%u for viewers", p->screen.title, run.tcp, p->port);
	if (!p->index && !p->devid)
		name_port(p);
}

static struct picture *picture_new(const struct dev *d, uint32_t index)
{
	char path[SCREEN_PATH + 16], number[24];
	struct picture *p, **at;
	int ret;

	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->devid = d->devid;
	p->index = index;
	if (d->devid)
		snprintf(number, sizeof(number), "%u.%u", d->devid, index);
	else
		snprintf(number, sizeof(number), "%u", index);
	snprintf(p->screen.title, sizeof(p->screen.title), "%.39s-%s",
		 guest_name(), number);
	snprintf(p->screen.password, sizeof(p->screen.password), "%s",
		 run.password);
	p->screen.joined = joined;
	p->screen.said = said;
	p->screen.left = left;
	snprintf(path, sizeof(path), "%.40s/%s.sock", run.dir, p->screen.title);
	ret = screen_open(&p->screen, path, run.group);
	if (ret) {
		log_error("cannot make %s: %s", path, strerror(-ret));
		free(p);
		return NULL;
	}
	say("%s is at %s for viewers", p->screen.title, path);
	if (run.tcp)
		open_tcp(p, d);
	for (at = &pictures; *at; at = &(*at)->next)
		;
	*at = p;
	return p;
}

void display_add(struct conn *c)
{
	struct picture *p;

	for (p = pictures; p; p = p->next)
		if (p->devid == c->dev->devid && p->index == c->index)
			break;
	if (!p)
		p = picture_new(c->dev, c->index);
	/* the guest's display works without a screen, too */
	if (!p)
		return;
	if (!p->screen.canvas.head &&
	    picture_size(p, c->width ? c->width : FIRST_WIDTH,
			 c->height ? c->height : FIRST_HEIGHT) &&
	    picture_size(p, FIRST_WIDTH, FIRST_HEIGHT))
		return;
	p->conn = c;
	c->picture = p;
	say_conn(c, "connected, %ux%u", c->width, c->height);
}

void display_remove(struct conn *c)
{
	struct picture *p = c->picture;

	if (!p)
		return;
	p->conn = NULL;
	c->picture = NULL;
	black(p);
}

void display_gone(const struct dev *d)
{
	struct picture **at = &pictures, *p;

	while ((p = *at)) {
		if (p->devid != d->devid) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		if (p->named) {
			xenstore_remove(console_dir(), "vnc-port");
			xenstore_remove(console_dir(), "vnc-listen");
		}
		screen_close(&p->screen);
		free(p->line);
		free(p->raw);
		free(p);
	}
}

int display_take(struct conn *c, const struct fb *fb)
{
	(void)c;
	(void)fb;
	return 0;
}

static void count(struct picture *p)
{
	uint64_t second = now_ns() / NSEC;

	if (second != p->second) {
		p->rate = second == p->second + 1 ? p->flips : 0;
		p->second = second;
		p->flips = 0;
	}
	p->flips++;
}

void display_show(struct conn *c)
{
	struct picture *p = c->picture;

	if (!p)
		return;
	count(p);
	if (p->screen.count)
		draw(p);
}

void display_off(struct conn *c)
{
	if (c->picture)
		black(c->picture);
}

/* The size that XenStore has now: a viewer may have asked for another. */
size_t display_edid(const struct conn *c, uint8_t *data, size_t room)
{
	uint32_t width, height;
	char *text;
	bool ok;

	if (room < EDID_BLOCK * EDID_BLOCKS)
		return 0;
	ok = conn_resolution(c, &width, &height, &text);
	free(text);
	return ok ? edid_make(data, c->id, width, height) : 0;
}

/* ---- for xen-display ---- */

static unsigned int rate(const struct picture *p)
{
	uint64_t second = now_ns() / NSEC;

	if (second == p->second)
		return p->rate;
	return second == p->second + 1 ? p->flips : 0;
}

/* As in its title, its socket's name and what people type: N, or DEVICE.N. */
static const char *number_of(const struct picture *p)
{
	return p->screen.title + strlen(guest_name()) + 1;
}

/**
 * display_list - a line for each connector
 * @out: where to
 * @input: what there is of keyboard and pointer
 */
void display_list(FILE *out, const char *input)
{
	const struct picture *p;

	for (p = pictures; p; p = p->next) {
		const struct conn *c = p->conn;

		fprintf(out, "connector=%s\tid=%s\t", number_of(p),
			c ? c->id : "-");
		if (c && c->on)
			fprintf(out, "size=%ux%u\t", c->cfg.width, c->cfg.height);
		else
			fprintf(out, "size=-\t");
		fprintf(out, "on=%d\tflips=%u\tviewers=%u\tinput=%s\tsocket=%s",
			c && c->on, rate(p), p->screen.count, input,
			p->screen.path);
		if (p->port)
			fprintf(out, "\ttcp=%s:%u", run.tcp, p->port);
		fprintf(out, "\n");
	}
	if (!pictures)
		fprintf(out, "connector=-\tid=-\tsize=-\ton=0\tflips=0\tviewers=0\tinput=%s\tsocket=-\n",
			input);
}

/**
 * display_picture - what a connector shows now
 * @number: of the connector, as display_list() has it
 * @why: what is wrong
 *
 * Return: the picture, valid until the next call into this room; or NULL.
 */
const struct canvas *display_picture(const char *number, const char **why)
{
	struct picture *p;

	for (p = pictures; p; p = p->next)
		if (!strcmp(number_of(p), number))
			break;
	*why = "no such connector: xen-display list has those that there are";
	if (!p)
		return NULL;
	*why = "the guest shows nothing there";
	if (!p->conn || !p->conn->on)
		return NULL;
	draw(p);
	return &p->screen.canvas;
}
