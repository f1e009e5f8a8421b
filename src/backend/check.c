// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Checks without Xen in them: sizes, reserved bytes, rubbish in nodes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

/* Lines are padded to 32 bits: nothing on the wire says so, all peers do. */
uint64_t check_pitch(uint32_t width, uint32_t bpp)
{
	return ((uint64_t)width * bpp + 31) / 32 * 4;
}

int check_dbuf(const struct displif_dbuf_create *c, uint32_t *pitch)
{
	uint64_t p, need;

	if (!c->width || !c->height || c->width > BE_MAX_SIDE * 2 ||
	    c->height > BE_MAX_SIDE)
		return -EINVAL;
	if (c->bpp != 8 && c->bpp != 16 && c->bpp != 24 && c->bpp != 32)
		return -EINVAL;
	/* At most 2^15 pixels of 4 bytes and 2^14 lines: no overflow in 64 bits. */
	p = check_pitch(c->width, c->bpp);
	need = p * c->height + c->data_ofs;
	if (need > c->buffer_sz)
		return -ENOSPC;
	*pitch = p;
	return 0;
}

int check_fb(uint32_t dbuf_w, uint32_t dbuf_h, uint32_t dbuf_bpp,
	     uint32_t pitch, const struct displif_fb_attach *a,
	     const struct format *fmt, const char **why)
{
	if (!a->width || !a->height) {
		*why = "fb-empty";
		return -EINVAL;
	}
	if (a->width > dbuf_w || a->height > dbuf_h) {
		*why = "fb-larger-than-dbuf";
		return -EINVAL;
	}
	if (fmt && fmt->bpp != dbuf_bpp) {
		*why = "fb-bpp";
		return -EINVAL;
	}
	if (fmt && (uint64_t)a->width * fmt->bpp / 8 > pitch) {
		*why = "fb-pitch";
		return -EINVAL;
	}
	return 0;
}

/* Bytes of the payload that an operation defines; the rest is reserved. */
size_t op_payload(uint8_t op)
{
	switch (op) {
	case DISPLIF_OP_DBUF_CREATE:
		/* not sizeof: the struct ends in padding */
		return offsetof(struct displif_dbuf_create, data_ofs) + 4;
	case DISPLIF_OP_DBUF_DESTROY:
		return sizeof(struct displif_dbuf_destroy);
	case DISPLIF_OP_FB_ATTACH:
		return offsetof(struct displif_fb_attach, pixel_format) + 4;
	case DISPLIF_OP_FB_DETACH:
		return sizeof(struct displif_fb_detach);
	case DISPLIF_OP_SET_CONFIG:
		return offsetof(struct displif_set_config, bpp) + 4;
	case DISPLIF_OP_PG_FLIP:
		return sizeof(struct displif_pg_flip);
	case DISPLIF_OP_GET_EDID:
		return sizeof(struct displif_get_edid);
	default:
		return sizeof(((struct displif_req *)0)->op.raw);
	}
}

bool check_reserved(const struct displif_req *req)
{
	size_t i;

	for (i = 0; i < sizeof(req->reserved); i++)
		if (req->reserved[i])
			return false;
	for (i = op_payload(req->operation); i < sizeof(req->op.raw); i++)
		if (req->op.raw[i])
			return false;
	return true;
}

/* What comes from a guest must not break a line or a quoted value. */
const char *printable(const char *s, char *buf, size_t len)
{
	size_t i;

	for (i = 0; s[i] && i + 1 < len; i++)
		buf[i] = s[i] < ' ' || s[i] > '~' || s[i] == '"' ? '?' : s[i];
	buf[i] = '\0';
	return buf;
}

bool parse_number(const char *s, uint32_t max, uint32_t *val)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (*s - '0');
		if (v > max)
			return false;
	}
	*val = v;
	return true;
}

bool parse_resolution(const char *s, uint32_t *w, uint32_t *h)
{
	const char *x = strchr(s, 'x');
	char first[16];
	size_t n;

	if (!x)
		return false;
	n = x - s;
	if (!n || n >= sizeof(first))
		return false;
	memcpy(first, s, n);
	first[n] = '\0';
	return parse_number(first, BE_MAX_SIDE, w) && *w &&
	       parse_number(x + 1, BE_MAX_SIDE, h) && *h;
}

bool version_listed(const char *list, uint32_t version)
{
	while (list && *list) {
		char *end;
		unsigned long v = strtoul(list, &end, 10);

		if (end == list)
			return false;
		if (v == version)
			return true;
		list = *end ? end + 1 : end;
	}
	return false;
}

static int cmp_ref(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* A reference listed twice would show one page in two places. */
bool has_twins(const uint32_t *refs, unsigned int n, uint32_t *twin)
{
	uint32_t *s;
	unsigned int i;
	bool found = false;

	if (n < 2)
		return false;
	s = malloc(n * sizeof(*s));
	if (!s)
		return false;
	memcpy(s, refs, n * sizeof(*s));
	qsort(s, n, sizeof(*s), cmp_ref);
	for (i = 1; i < n && !found; i++) {
		if (s[i] == s[i - 1]) {
			*twin = s[i];
			found = true;
		}
	}
	free(s);
	return found;
}
