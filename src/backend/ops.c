// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The operations, and what a frontend must not do with them. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "hooks.h"

static const char *const names[BE_OPS] = {
	"DBUF_CREATE", "DBUF_DESTROY", "FB_ATTACH", "FB_DETACH",
	"SET_CONFIG", "PG_FLIP", "GET_EDID",
};

int op_index(uint8_t op)
{
	if (op < BE_OP_FIRST || op >= BE_OP_FIRST + BE_OPS)
		return -1;
	return op - BE_OP_FIRST;
}

const char *op_name(uint8_t op)
{
	int i = op_index(op);

	return i < 0 ? "UNKNOWN" : names[i];
}

int op_by_name(const char *name)
{
	int i;

	for (i = 0; i < BE_OPS; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

int req_text(char *buf, size_t len, const struct displif_req *req)
{
	const char *op = op_name(req->operation);
	char fcc[12];

	switch (req->operation) {
	case DISPLIF_OP_DBUF_CREATE: {
		const struct displif_dbuf_create *r = &req->op.dbuf_create;

		return snprintf(buf, len,
				"op=%s id=%u dbuf=0x%" PRIx64 " width=%u height=%u bpp=%u size=%u flags=0x%x dir=%u ofs=%u",
				op, req->id, (uint64_t)r->dbuf_cookie,
				r->width, r->height, r->bpp, r->buffer_sz,
				r->flags, r->gref_directory, r->data_ofs);
	}
	case DISPLIF_OP_DBUF_DESTROY:
		return snprintf(buf, len, "op=%s id=%u dbuf=0x%" PRIx64, op,
				req->id,
				(uint64_t)req->op.dbuf_destroy.dbuf_cookie);
	case DISPLIF_OP_FB_ATTACH: {
		const struct displif_fb_attach *r = &req->op.fb_attach;

		return snprintf(buf, len,
				"op=%s id=%u dbuf=0x%" PRIx64 " fb=0x%" PRIx64 " width=%u height=%u format=%s",
				op, req->id, (uint64_t)r->dbuf_cookie,
				(uint64_t)r->fb_cookie, r->width, r->height,
				fourcc_text(r->pixel_format, fcc));
	}
	case DISPLIF_OP_FB_DETACH:
	case DISPLIF_OP_PG_FLIP:
		return snprintf(buf, len, "op=%s id=%u fb=0x%" PRIx64, op,
				req->id,
				(uint64_t)req->op.fb_detach.fb_cookie);
	case DISPLIF_OP_SET_CONFIG: {
		const struct displif_set_config *r = &req->op.set_config;

		return snprintf(buf, len,
				"op=%s id=%u fb=0x%" PRIx64 " x=%u y=%u width=%u height=%u bpp=%u",
				op, req->id, (uint64_t)r->fb_cookie, r->x,
				r->y, r->width, r->height, r->bpp);
	}
	case DISPLIF_OP_GET_EDID:
		return snprintf(buf, len, "op=%s id=%u size=%u dir=%u", op,
				req->id, req->op.get_edid.buffer_sz,
				req->op.get_edid.gref_directory);
	default:
		return snprintf(buf, len, "op=0x%02x id=%u", req->operation,
				req->id);
	}
}

/* ---- objects ---- */
static struct dbuf *dbuf_find(struct dev *d, uint64_t cookie)
{
	struct dbuf *b;

	for (b = d->dbufs; b; b = b->next)
		if (b->cookie == cookie)
			break;
	return b;
}

struct fb *fb_find(const struct dev *d, uint64_t cookie)
{
	struct fb *f;

	for (f = d->fbs; f; f = f->next)
		if (f->cookie == cookie)
			break;
	return f;
}

static void dbuf_free(struct dev *d, struct dbuf *b)
{
	struct dbuf **p;
	struct fb *f;

	for (f = d->fbs; f; f = f->next)
		if (f->dbuf == b)
			f->dbuf = NULL;
	for (p = &d->dbufs; *p != b; p = &(*p)->next)
		;
	*p = b->next;
	d->ndbufs--;
	d->bytes -= b->size;
	gmap_drop(&b->map);
	free(b);
}

static void fb_free(struct dev *d, struct fb *f)
{
	struct fb **p;

	for (p = &d->fbs; *p != f; p = &(*p)->next)
		;
	*p = f->next;
	d->nfbs--;
	free(f);
}

void dev_drop_objects(struct dev *d)
{
	while (d->fbs)
		fb_free(d, d->fbs);
	while (d->dbufs)
		dbuf_free(d, d->dbufs);
}

/* ---- operations ---- */
static int allowed(const struct conn *c, const struct displif_req *req)
{
	return hooks ? hooks->forbid(c, req) : 0;
}

static bool speaks_v2(const struct dev *d)
{
	return d->version ? d->version >= 2 : opt.version_max >= 2;
}

static int dbuf_create(struct conn *c, const struct displif_req *req)
{
	const struct displif_dbuf_create *r = &req->op.dbuf_create;
	struct dev *d = c->dev;
	struct dbuf *b;
	const char *why;
	uint32_t pitch;
	int ret;

	if (!r->dbuf_cookie) {
		violation(c, "cookie-zero", "DBUF_CREATE with cookie 0");
		return -EINVAL;
	}
	if (dbuf_find(d, r->dbuf_cookie)) {
		violation(c, "dbuf-exists", "DBUF_CREATE: cookie 0x%" PRIx64 " is in use",
			  (uint64_t)r->dbuf_cookie);
		return -EEXIST;
	}
	if (r->flags & ~DISPLIF_DBUF_FLG_REQ_ALLOC) {
		violation(c, "flags", "DBUF_CREATE: unknown flags 0x%x",
			  r->flags);
		return -EINVAL;
	}
	if (r->flags & DISPLIF_DBUF_FLG_REQ_ALLOC && !d->be_alloc) {
		violation(c, "req-alloc", "DBUF_CREATE asks the backend to allocate, be-alloc is not 1");
		return -EINVAL;
	}
	if (r->data_ofs && !speaks_v2(d)) {
		violation(c, "version", "DBUF_CREATE: data_ofs %u, version 1 was agreed",
			  r->data_ofs);
		return -EINVAL;
	}
	ret = check_dbuf(r, &pitch);
	if (ret == -ENOSPC) {
		violation(c, "dbuf-size", "DBUF_CREATE: %u bytes cannot hold %ux%u at %u bpp from offset %u",
			  r->buffer_sz, r->width, r->height, r->bpp,
			  r->data_ofs);
		return -EINVAL;
	}
	if (ret) {
		violation(c, "dbuf-shape", "DBUF_CREATE: no buffer is %ux%u at %u bpp",
			  r->width, r->height, r->bpp);
		return ret;
	}
	ret = allowed(c, req);
	if (ret)
		return ret;
	if (d->ndbufs >= BE_MAX_OBJECTS ||
	    d->bytes + r->buffer_sz > opt.max_bytes) {
		log_conn(c, "NOTE", "what=limit text=\"%u buffers of %" PRIu64 " MiB: rejected, see --max-mib\"",
			 d->ndbufs, d->bytes >> 20);
		return -ENOMEM;
	}
	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	ret = (r->flags & DISPLIF_DBUF_FLG_REQ_ALLOC ? gmap_share :
	       gmap_directory)(&b->map, d->domid, r->gref_directory,
			       r->buffer_sz, &why);
	if (ret) {
		if (why)
			violation(c, why, "DBUF_CREATE: page directory %u for %u bytes: %s",
				  r->gref_directory, r->buffer_sz,
				  strerror(-ret));
		free(b);
		return ret;
	}
	b->cookie = r->dbuf_cookie;
	b->width = r->width;
	b->height = r->height;
	b->bpp = r->bpp;
	b->pitch = pitch;
	b->size = r->buffer_sz;
	b->data_ofs = r->data_ofs;
	b->next = d->dbufs;
	d->dbufs = b;
	d->ndbufs++;
	d->bytes += b->size;
	return 0;
}

static int dbuf_destroy(struct conn *c, const struct displif_dbuf_destroy *r)
{
	struct dbuf *b = dbuf_find(c->dev, r->dbuf_cookie);
	struct fb *f;

	if (!b) {
		violation(c, "dbuf-unknown", "DBUF_DESTROY: no buffer 0x%" PRIx64,
			  (uint64_t)r->dbuf_cookie);
		return -ENOENT;
	}
	for (f = c->dev->fbs; f; f = f->next) {
		if (f->dbuf == b) {
			violation(c, "destroy-before-detach", "DBUF_DESTROY: buffer 0x%" PRIx64 " is attached as 0x%" PRIx64,
				  b->cookie, f->cookie);
			break;
		}
	}
	dbuf_free(c->dev, b);
	return 0;
}

static int fb_attach(struct conn *c, const struct displif_req *req)
{
	const struct displif_fb_attach *r = &req->op.fb_attach;
	const struct format *fmt = format_find(r->pixel_format);
	struct dev *d = c->dev;
	const char *why;
	struct dbuf *b;
	struct fb *f;
	char fcc[12];
	int ret;

	if (!r->fb_cookie) {
		violation(c, "cookie-zero", "FB_ATTACH with cookie 0");
		return -EINVAL;
	}
	if (fb_find(d, r->fb_cookie)) {
		violation(c, "fb-exists", "FB_ATTACH: cookie 0x%" PRIx64 " is in use",
			  (uint64_t)r->fb_cookie);
		return -EEXIST;
	}
	b = dbuf_find(d, r->dbuf_cookie);
	if (!b) {
		violation(c, "dbuf-unknown", "FB_ATTACH: no buffer 0x%" PRIx64,
			  (uint64_t)r->dbuf_cookie);
		return -ENOENT;
	}
	ret = check_fb(b->width, b->height, b->bpp, b->pitch, r, fmt, &why);
	if (ret) {
		violation(c, why, "FB_ATTACH: %ux%u %s in a buffer of %ux%u at %u bpp, pitch %u",
			  r->width, r->height, fourcc_text(r->pixel_format, fcc),
			  b->width, b->height, b->bpp, b->pitch);
		return ret;
	}
	/* Nothing tells a frontend what a backend can show: no violation. */
	if (!fmt) {
		log_conn(c, "NOTE", "what=format text=\"%s cannot be shown\"",
			 fourcc_text(r->pixel_format, fcc));
		return -EINVAL;
	}
	ret = allowed(c, req);
	if (ret)
		return ret;
	if (d->nfbs >= BE_MAX_OBJECTS)
		return -ENOMEM;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->cookie = r->fb_cookie;
	f->dbuf = b;
	f->width = r->width;
	f->height = r->height;
	f->fmt = fmt;
	f->next = d->fbs;
	d->fbs = f;
	d->nfbs++;
	return 0;
}

static int fb_detach(struct conn *c, const struct displif_fb_detach *r)
{
	struct fb *f = fb_find(c->dev, r->fb_cookie);
	struct conn *o;

	if (!f) {
		violation(c, "fb-unknown", "FB_DETACH: no framebuffer 0x%" PRIx64,
			  (uint64_t)r->fb_cookie);
		return -ENOENT;
	}
	for (o = c->dev->conns; o; o = o->next) {
		if (o->flipping && o->next_shown == f->cookie)
			violation(c, "detach-in-flight", "FB_DETACH: 0x%" PRIx64 " is being flipped to on connector %u",
				  f->cookie, o->index);
		else if (o->on && o->shown == f->cookie)
			violation(c, "detach-on-show", "FB_DETACH: 0x%" PRIx64 " is on show on connector %u",
				  f->cookie, o->index);
	}
	fb_free(c->dev, f);
	return 0;
}

static bool covers(const struct fb *f, const struct displif_set_config *cfg)
{
	return (uint64_t)cfg->x + cfg->width <= f->width &&
	       (uint64_t)cfg->y + cfg->height <= f->height;
}

static int set_config(struct conn *c, const struct displif_req *req)
{
	const struct displif_set_config *r = &req->op.set_config;
	struct fb *f;
	int ret;

	/* The flip in flight was accepted: its event is owed. */
	if (c->flipping) {
		log_conn(c, "NOTE", "what=config-in-flight text=\"SET_CONFIG before the event of the last flip\"");
		flip_done(c);
	}
	if (!r->fb_cookie) {
		c->on = false;
		c->shown = 0;
		memset(&c->cfg, 0, sizeof(c->cfg));
		display_off(c);
		return 0;
	}
	f = fb_find(c->dev, r->fb_cookie);
	if (!f) {
		violation(c, "fb-unknown", "SET_CONFIG: no framebuffer 0x%" PRIx64,
			  (uint64_t)r->fb_cookie);
		return -ENOENT;
	}
	if (!f->dbuf) {
		violation(c, "fb-orphan", "SET_CONFIG: the buffer of 0x%" PRIx64 " was destroyed",
			  f->cookie);
		return -EINVAL;
	}
	if (!r->width || !r->height || !covers(f, r)) {
		violation(c, "config-size", "SET_CONFIG: %ux%u at %u,%u of a framebuffer of %ux%u",
			  r->width, r->height, r->x, r->y, f->width,
			  f->height);
		return -EINVAL;
	}
	if (r->bpp != f->fmt->bpp)
		violation(c, "config-bpp", "SET_CONFIG: %u bpp for a framebuffer of %u",
			  r->bpp, f->fmt->bpp);
	ret = allowed(c, req);
	if (!ret)
		ret = display_take(c, f);
	if (ret)
		return ret;
	c->cfg = *r;
	c->on = true;
	c->shown = f->cookie;
	c->st.frames++;
	display_show(c);
	return 0;
}

static int pg_flip(struct conn *c, const struct displif_pg_flip *r)
{
	struct fb *f = fb_find(c->dev, r->fb_cookie);
	int ret;

	if (!f) {
		violation(c, "fb-unknown", "PG_FLIP: no framebuffer 0x%" PRIx64,
			  (uint64_t)r->fb_cookie);
		return -ENOENT;
	}
	if (!c->on) {
		violation(c, "flip-off", "PG_FLIP on a connector that is not configured");
		return -EINVAL;
	}
	if (c->flipping) {
		violation(c, "flip-in-flight", "PG_FLIP to 0x%" PRIx64 ", the flip to 0x%" PRIx64 " is in flight",
			  f->cookie, c->next_shown);
		return -EBUSY;
	}
	if (!f->dbuf) {
		violation(c, "fb-orphan", "PG_FLIP: the buffer of 0x%" PRIx64 " was destroyed",
			  f->cookie);
		return -EINVAL;
	}
	if (!covers(f, &c->cfg)) {
		violation(c, "flip-size", "PG_FLIP: %ux%u does not cover the configured %ux%u at %u,%u",
			  f->width, f->height, c->cfg.width, c->cfg.height,
			  c->cfg.x, c->cfg.y);
		return -EINVAL;
	}
	ret = display_take(c, f);
	if (ret)
		return ret;
	c->next_shown = f->cookie;
	c->flipping = true;
	c->flip_due = next_tick(now_ns());
	c->st.flips++;
	c->st.last_cookie = f->cookie;
	return 0;
}

static int get_edid(struct conn *c, const struct displif_get_edid *r,
		    struct displif_resp *resp)
{
	uint8_t edid[DISPLIF_EDID_MAX];
	size_t len;
	struct gmap m;
	const char *why;
	int ret;

	/* Asking is the way to find out, unless version 1 was agreed. */
	if (!speaks_v2(c->dev)) {
		if (c->dev->version)
			violation(c, "version", "GET_EDID, version 1 was agreed");
		return -EINVAL;
	}
	if (!r->buffer_sz || r->buffer_sz > 16 * DISPLIF_EDID_MAX) {
		violation(c, "edid-size", "GET_EDID: a buffer of %u bytes",
			  r->buffer_sz);
		return -EINVAL;
	}
	ret = gmap_directory(&m, c->dev->domid, r->gref_directory,
			     r->buffer_sz, &why);
	if (ret) {
		if (why)
			violation(c, why, "GET_EDID: page directory %u for %u bytes: %s",
				  r->gref_directory, r->buffer_sz,
				  strerror(-ret));
		return ret;
	}
	ret = -EINVAL;
	len = display_edid(c, edid, sizeof(edid));
	if (len && len <= r->buffer_sz) {
		gmap_write(&m, 0, edid, len);
		resp->op.get_edid.edid_sz = len;
		ret = 0;
	}
	gmap_drop(&m);
	return ret;
}

static int dispatch(struct conn *c, const struct displif_req *req,
		    struct displif_resp *resp)
{
	int i = op_index(req->operation);

	if (i < 0) {
		violation(c, "unknown-op", "operation 0x%02x", req->operation);
		return -EINVAL;
	}
	/* The buffers belong to the device, its first ring is theirs. */
	if (req->operation < DISPLIF_OP_SET_CONFIG && c != c->dev->conns)
		violation(c, "wrong-ring", "%s on the ring of connector %u",
			  op_name(req->operation), c->index);
	if (!check_reserved(req))
		violation(c, "reserved", "%s: reserved bytes are not 0",
			  op_name(req->operation));
	if (hooks) {
		int status = hooks->reject(c, req);

		if (status)
			return status;
	}
	switch (req->operation) {
	case DISPLIF_OP_DBUF_CREATE:
		return dbuf_create(c, req);
	case DISPLIF_OP_DBUF_DESTROY:
		return dbuf_destroy(c, &req->op.dbuf_destroy);
	case DISPLIF_OP_FB_ATTACH:
		return fb_attach(c, req);
	case DISPLIF_OP_FB_DETACH:
		return fb_detach(c, &req->op.fb_detach);
	case DISPLIF_OP_SET_CONFIG:
		return set_config(c, req);
	case DISPLIF_OP_PG_FLIP:
		return pg_flip(c, &req->op.pg_flip);
	default:
		return get_edid(c, &req->op.get_edid, resp);
	}
}

int ops_serve(struct conn *c, const struct displif_req *req,
	      struct displif_resp *resp)
{
	int status = dispatch(c, req, resp);
	char text[200];

	if (opt.log_requests && (opt.log_flips || status ||
				 req->operation != DISPLIF_OP_PG_FLIP)) {
		req_text(text, sizeof(text), req);
		log_conn(c, "REQ", "%s status=%d", text, status);
	}
	return status;
}
