// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What connectors show: private copies, so that a test sees what was shown when. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

struct picture {
	struct frame shown, next;
};

struct edid {
	uint8_t *data;
	size_t len;
};

static struct edid edids[BE_MAX_CONNS], edid_all;

static void frame_free(struct frame *f)
{
	free(f->data);
	memset(f, 0, sizeof(*f));
}

/* A copy, since the guest may draw into its buffer at any time. */
static int frame_take(struct frame *f, const struct fb *fb)
{
	const struct dbuf *b = fb->dbuf;
	size_t need = (size_t)b->pitch * fb->height;

	f->valid = false;
	if (f->room < need) {
		free(f->data);
		f->room = 0;
		f->data = malloc(need);
		if (!f->data)
			return -ENOMEM;
		f->room = need;
	}
	gmap_read(&b->map, b->data_ofs, f->data, need);
	f->width = fb->width;
	f->height = fb->height;
	f->pitch = b->pitch;
	f->fmt = fb->fmt;
	f->valid = true;
	return 0;
}

const struct frame *copies_shown(const struct conn *c)
{
	static const struct frame none;

	return c->picture ? &c->picture->shown : &none;
}

void display_add(struct conn *c)
{
	(void)c;
}

void display_remove(struct conn *c)
{
	if (!c->picture)
		return;
	frame_free(&c->picture->shown);
	frame_free(&c->picture->next);
	free(c->picture);
	c->picture = NULL;
}

void display_gone(const struct dev *d)
{
	(void)d;
}

int display_take(struct conn *c, const struct fb *fb)
{
	if (faults.no_copies)
		return 0;
	if (!c->picture)
		c->picture = calloc(1, sizeof(*c->picture));
	return c->picture ? frame_take(&c->picture->next, fb) : -ENOMEM;
}

void display_show(struct conn *c)
{
	struct frame f;

	if (!c->picture)
		return;
	f = c->picture->shown;
	c->picture->shown = c->picture->next;
	c->picture->next = f;
}

void display_off(struct conn *c)
{
	if (c->picture)
		c->picture->shown.valid = false;
}

/* ---- EDIDs: one for all, or one for a connector's number ---- */
size_t display_edid(const struct conn *c, uint8_t *data, size_t room)
{
	const struct edid *e = &edid_all;

	if (c->index < BE_MAX_CONNS && edids[c->index].data)
		e = &edids[c->index];
	if (!e->data || e->len > room)
		return 0;
	memcpy(data, e->data, e->len);
	return e->len;
}

int copies_edid(const char *which, const char *file, const char **why)
{
	struct edid *e = &edid_all, fresh = { NULL, 0 };
	uint32_t index;
	FILE *in;

	if (strcmp(which, "all")) {
		if (!parse_number(which, BE_MAX_CONNS - 1, &index)) {
			*why = "no such connector number";
			return -EINVAL;
		}
		e = &edids[index];
	}
	if (strcmp(file, "none")) {
		in = fopen(file, "rbe");
		fresh.data = malloc(DISPLIF_EDID_MAX);
		if (in && fresh.data)
			fresh.len = fread(fresh.data, 1, DISPLIF_EDID_MAX, in);
		if (in)
			fclose(in);
		if (!fresh.len) {
			free(fresh.data);
			*why = "cannot read the EDID file";
			return -EINVAL;
		}
	}
	free(e->data);
	*e = fresh;
	return 0;
}

void copies_free(void)
{
	int i;

	for (i = 0; i < BE_MAX_CONNS; i++)
		free(edids[i].data);
	free(edid_all.data);
	memset(edids, 0, sizeof(edids));
	memset(&edid_all, 0, sizeof(edid_all));
}
