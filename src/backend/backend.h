/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A displif backend: what its files share. Each knows only those below it.
 *
 *	main, manager	options; a process for each guest
 *	guest		the process of one guest: what it waits for
 *	control		the socket of xen-display(1)
 *	display		connectors as screens for viewers
 *	screen, viewer	one connector's viewers, each a process of its own
 *	canvas		the picture that they read
 *	vkb, input	the guest's keyboard and pointer
 *	vdispl		XenStore: devices, connectors, states
 *	ring		request rings, event pages, time
 *	ops		the operations and the checks of the frontend
 *	grants		a guest's pages, through page directories
 *	edid, keys, check, frame, png	pure: monitors, keys, sizes, formats
 *	log, say	lines for the journal
 *	xenstore, xen	the only files that call Xen's libraries
 *
 * The tests' own build of it has other files above ring and ops: copies of what
 * is shown instead of screens, and faults on purpose (hooks.h).
 */
#ifndef XDB_BACKEND_H
#define XDB_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "../../include/displif_wire.h"

#define xen_mb()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb()	__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define xen_wmb()	__atomic_thread_fence(__ATOMIC_RELEASE)
#include <xen/io/ring.h>

DEFINE_RING_TYPES(xdf, struct displif_req, struct displif_resp);

#define READ_SHARED(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_SHARED(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))

#define NSEC		1000000000ull

#define BE_OPS		7	/* DBUF_CREATE .. GET_EDID */
#define BE_OP_FIRST	DISPLIF_OP_DBUF_CREATE
#define BE_MAX_CONNS	64	/* of a device */
#define BE_MAX_OBJECTS	4096	/* buffers or framebuffers of a device */
#define BE_MAX_SIDE	16384	/* pixels */

/* ---- pixel formats (frame.c) ---- */
struct chan {
	uint8_t shift;
	uint8_t bits;
};

struct format {
	char name[8];
	uint32_t fourcc;
	uint8_t bpp;
	struct chan r, g, b;
};

#define FOURCC(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | \
			    (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* ---- png.c ---- */
/* A line of RGB pixels, valid until the next call. */
typedef const uint8_t *(*png_line_fn)(void *data, uint32_t y);
int png_write(FILE *out, uint32_t width, uint32_t height, png_line_fn line,
	      void *data);

const struct format *format_find(uint32_t fourcc);
const char *fourcc_text(uint32_t fourcc, char buf[12]);
void frame_line_rgb(uint8_t *rgb, const uint8_t *src, uint32_t width,
		    const struct format *fmt);
bool frame_is_xrgb(const struct format *fmt);
void frame_line_xrgb(uint32_t *xrgb, const uint8_t *src, uint32_t width,
		     const struct format *fmt);
uint64_t frame_hash(const uint8_t *data, size_t len);

/* ---- pure checks (check.c) ---- */
int check_dbuf(const struct displif_dbuf_create *c, uint32_t *pitch);
uint64_t check_pitch(uint32_t width, uint32_t bpp);
int check_fb(uint32_t dbuf_w, uint32_t dbuf_h, uint32_t dbuf_bpp,
	     uint32_t pitch, const struct displif_fb_attach *a,
	     const struct format *fmt, const char **why);
bool check_reserved(const struct displif_req *req);
size_t op_payload(uint8_t op);
const char *printable(const char *s, char *buf, size_t len);
bool parse_resolution(const char *s, uint32_t *w, uint32_t *h);
bool parse_number(const char *s, uint32_t max, uint32_t *val);
bool version_listed(const char *list, uint32_t version);
bool has_twins(const uint32_t *refs, unsigned int n, uint32_t *twin);

/* ---- a guest's pages (grants.c) ---- */
struct gmap {
	uint8_t **chunk;
	unsigned int chunks;
	unsigned int pages;
	bool ours;			/* shared with the guest, not mapped */
};

int gmap_directory(struct gmap *m, uint32_t domid, uint32_t dir, size_t bytes,
		   const char **why);
int gmap_share(struct gmap *m, uint32_t domid, uint32_t dir, size_t bytes,
	       const char **why);
void gmap_drop(struct gmap *m);
const uint8_t *gmap_at(const struct gmap *m, size_t ofs, size_t len);
void gmap_read(const struct gmap *m, size_t ofs, void *dst, size_t len);
void gmap_write(const struct gmap *m, size_t ofs, const void *src, size_t len);

/* ---- Xen (xen.c; the tests bring their own) ---- */
int xen_open(void);
void xen_close(void);
int xen_evtchn_fd(void);
int xen_evtchn_bind(uint32_t domid, uint32_t port);
void xen_evtchn_unbind(int port);
void xen_evtchn_notify(int port);
int xen_evtchn_pending(void);
void xen_evtchn_unmask(int port);
void *xen_map(uint32_t domid, const uint32_t *refs, unsigned int n);
void xen_unmap(void *addr, unsigned int n);
void *xen_share(uint32_t domid, uint32_t *refs, unsigned int n);
void xen_unshare(void *addr, unsigned int n);

/* ---- objects ---- */
struct dbuf {
	struct dbuf *next;
	uint64_t cookie;
	uint32_t width, height, bpp, pitch;
	uint32_t size, data_ofs;
	struct gmap map;
};

struct fb {
	struct fb *next;
	uint64_t cookie;
	struct dbuf *dbuf;		/* NULL once destroyed under it */
	uint32_t width, height;
	const struct format *fmt;
};

struct picture;

struct stats {
	uint64_t reqs, errors, flips, frames, events, dropped;
	uint64_t last_cookie;
};

struct dev;

struct conn {
	struct conn *next;
	struct dev *dev;
	unsigned int index;
	char id[64];
	uint32_t width, height;		/* of XenStore; 0 when rubbish */

	/* the binding */
	bool bound, broken, more;
	struct xdf_back_ring ring;
	uint32_t unanswered;		/* requests that tests swallow */
	struct displif_evt_page *evt;
	uint32_t evt_prod;
	uint16_t evt_id;
	uint64_t evt_count;
	int req_port, evt_port;		/* local ports, -1: none */

	/* what it shows */
	bool on;
	struct displif_set_config cfg;
	uint64_t shown, next_shown;	/* framebuffers */
	struct picture *picture;	/* of the display room */
	bool flipping;
	uint64_t flip_due;

	/* a request that tests hold back */
	bool held;
	uint64_t held_due;
	struct displif_req held_req;

	struct stats st;
};

struct dev {
	struct dev *next;
	uint32_t domid, devid;
	char *be_path, *fe_path;
	int be_state, fe_state;		/* 0: no such node */
	bool seen, bound, dead, stale, stale_failed, offline_said;
	bool be_alloc;
	uint32_t version;		/* 0: the frontend did not say */
	struct conn *conns;
	struct dbuf *dbufs;
	struct fb *fbs;
	unsigned int ndbufs, nfbs;
	uint64_t bytes;			/* mapped for buffers */
};

/* ---- options ---- */
struct options {
	double refresh;
	bool log_requests;		/* all but flips that went well */
	bool log_flips;
	const char *versions;		/* NULL: not written */
	uint32_t version_max;
	uint64_t max_bytes;		/* of one device's buffers */
	int domid;			/* own; -1: ask XenStore */
	int guest;			/* the only one that is served; -1: all */
};

extern struct options opt;
extern struct dev *devs;

int op_index(uint8_t op);
int op_by_name(const char *name);
const char *op_name(uint8_t op);

/* ---- log.c; the tests bring their own ---- */
void log_conn(const struct conn *c, const char *kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void log_dev(const struct dev *d, const char *kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void violation(const struct conn *c, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- clock.c ---- */
uint64_t now_ns(void);
void timer_arm(int fd, uint64_t due);

/* ---- vdispl.c ---- */
int vdispl_open(void);
void vdispl_close(void);
void vdispl_sync(void);
void dev_unbind(struct dev *d, const char *why);
void dev_fail(struct dev *d, const char *why);
struct conn *conn_find(uint32_t domid, uint32_t devid, uint32_t index);
bool conn_resolution(const struct conn *c, uint32_t *w, uint32_t *h, char **text);

/* ---- ring.c ---- */
int conn_bind(struct conn *c, uint32_t req_ref, uint32_t req_port,
	      uint32_t evt_ref, uint32_t evt_port, const char **why);
void conn_unbind(struct conn *c);
void ring_work(struct conn *c);
void ring_channels(void);
void ring_time(uint64_t now);
uint64_t ring_next_due(void);
bool ring_more(void);
void flip_done(struct conn *c);
uint64_t next_tick(uint64_t now);
bool ring_event(struct conn *c, const struct displif_evt *evt);
void ring_response(struct conn *c, const struct displif_resp *resp);
void ring_push(struct conn *c);

/* ---- ops.c ---- */
int ops_serve(struct conn *c, const struct displif_req *req,
	      struct displif_resp *resp);
void dev_drop_objects(struct dev *d);
int req_text(char *buf, size_t len, const struct displif_req *req);
struct fb *fb_find(const struct dev *d, uint64_t cookie);

/* ---- display.c; the tests bring their own ---- */
void display_add(struct conn *c);
void display_remove(struct conn *c);
void display_gone(const struct dev *d);
int display_take(struct conn *c, const struct fb *fb);
void display_show(struct conn *c);
void display_off(struct conn *c);
size_t display_edid(const struct conn *c, uint8_t *data, size_t room);

#endif /* XDB_BACKEND_H */
