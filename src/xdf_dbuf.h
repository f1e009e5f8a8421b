/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Buffers and framebuffers as the backend knows them. */
#ifndef XDF_DBUF_H
#define XDF_DBUF_H

#include "xdf_backend.h"
#include "xdf_shadow.h"

/* What the backend is given to look at. */
enum xdf_dbuf_mode {
	XDF_DBUF_DIRECT,	/* the buffer's own pages, from anywhere */
	XDF_DBUF_CONTIGUOUS,	/* the same, physically contiguous */
	XDF_DBUF_IMPORTED,	/* the same, another driver's */
	XDF_DBUF_SHADOW,	/* from here on a shadow buffer; in the guest's memory */
	XDF_DBUF_BACKEND,	/* in the backend's memory */
	XDF_DBUF_MODES,		/* number of them */
};

/* All of a device. */
struct xdf_dbufs {
	struct drm_device *drm;		/* the device; every dbuf holds it */
	struct xdf_backend *backend;	/* the connection; buffers go over its channel 0 */
	struct mutex mutex;		/* one attach or detach; over waits for the backend alone */
	spinlock_t lock;		/* of @list, and of who is in it */
	struct list_head list;		/* of struct xdf_dbuf */
	bool be_alloc;			/* the backend allocates */
	bool no_alloc;			/* this backend was found not to */
	u32 rejected;			/* xdf_format_bit()s that it does not take */
	u64 cookie;			/* the last one, under @mutex */
	struct work_struct *answered;	/* queued at the end of an attempt */
};

/*
 * A picture in a buffer, with its framebuffer at the backend. From @wire_epoch on
 * under xdf_dbufs.mutex; @fb_cookie and @wire_format are for all while it is live.
 */
struct xdf_dbuf {
	struct kref ref;		/* DRM's framebuffers, and outputs */
	struct xdf_dbufs *dbufs;
	struct list_head entry;		/* in the list of all */
	struct xdf_gem *gem;		/* the buffer, held */
	struct xdf_dbuf *whole;		/* of which this is the first part, held; or NULL */
	struct xdf_layout layout;	/* where in the buffer */
	u32 format;			/* DRM fourcc */
	atomic_t kept;			/* room for it: shown, or the console's */
	bool unused;			/* the last user is gone, under xdf_dbufs.lock */
	u32 epoch;			/* in which it was attached, or 0 */
	int error;			/* -EINPROGRESS from xdf_dbuf_ask() on */
	struct completion attached;	/* completed at the end of an attempt */
	struct work_struct work;	/* attaches it, or takes it back */
	struct xdf_shadow *shadow;	/* seen instead of the buffer; set once */
	u32 wire_epoch;			/* of the last attempt */
	u64 dbuf_cookie;		/* the buffer's name on the wire */
	u64 fb_cookie;			/* the framebuffer's name on the wire */
	u32 wire_format;		/* what the backend is told of @format */
	enum xdf_dbuf_mode mode;	/* of the last attempt */
	u32 size;			/* in bytes, of the last attempt */
	struct xdf_grants *grants;	/* the buffer's or its shadow's, while it has them */
};

void xdf_dbufs_init(struct xdf_dbufs *dbufs, struct drm_device *drm, struct xdf_backend *backend,
		    struct work_struct *answered, bool be_alloc);
void xdf_dbufs_forget(struct xdf_dbufs *dbufs);
void xdf_dbufs_print(struct xdf_dbufs *dbufs, struct seq_file *m);

struct xdf_dbuf *xdf_dbuf_create(struct xdf_dbufs *dbufs, struct xdf_gem *gem, u32 format,
				 const struct xdf_layout *layout, struct xdf_dbuf *whole);
void xdf_dbuf_ask(struct xdf_dbuf *d);
int xdf_dbuf_wait(struct xdf_dbuf *d);
void xdf_dbuf_put(struct xdf_dbuf *d);
int xdf_dbuf_update(struct xdf_dbuf *d, const struct drm_rect *rect);
int xdf_dbuf_crc(struct xdf_dbuf *d, u32 *sum);
u32 xdf_dbuf_bpp(const struct xdf_dbuf *d);

static inline struct xdf_dbuf *xdf_dbuf_get(struct xdf_dbuf *d)
{
	if (d)
		kref_get(&d->ref);
	return d;
}

/* In atomic context, too. */
static inline bool xdf_dbuf_is_live(const struct xdf_dbuf *d)
{
	/* what goes with it, the cookies, is read after it */
	return smp_load_acquire(&d->epoch) == READ_ONCE(d->dbufs->backend->epoch);
}

#endif /* XDF_DBUF_H */
