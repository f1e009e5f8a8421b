/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Checksums of what an output shows, for tests: crtc-N/crc of debugfs. */
#ifndef XDF_CRC_H
#define XDF_CRC_H

#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <drm/drm_crtc.h>

#include "xdf_dbuf.h"

struct xdf_crc_reader;

/* Checksums of one CRTC. */
struct xdf_crc {
	struct drm_crtc *crtc;
	struct workqueue_struct *wq;	/* unbound */
	struct xdf_crc_reader *reader;	/* what a reader holds; NULL when there is none */
	bool on;			/* there is one */
	struct work_struct work;	/* computes */
	struct delayed_work ending;	/* lets a reader go */
	u64 computed;			/* how often a picture was read, ever */
	spinlock_t *lock;		/* of what follows: the output's */
	bool pending;			/* @first to @last wait for their checksum */
	bool counted;			/* @last is a frame */
	u32 first;			/* see @pending */
	u32 last;			/* the latest frame */
	struct xdf_dbuf *dbuf;		/* what is shown in it, held; NULL for black */
	u32 width;			/* of black, in pixels */
	u32 height;			/* of black, in lines */
};

void xdf_crc_init(struct xdf_crc *crc, struct drm_crtc *crtc, spinlock_t *lock,
		  struct workqueue_struct *wq);
void xdf_crc_end(struct xdf_crc *crc);
void xdf_crc_fini(struct xdf_crc *crc);
int xdf_crc_set_source(struct xdf_crc *crc, const char *source);
int xdf_crc_verify_source(struct drm_crtc *crtc, const char *source,
			  size_t *count);
void xdf_crc_add_frame(struct xdf_crc *crc, struct xdf_dbuf *dbuf, u32 width,
		       u32 height);

/*
 * A frame begins, which shows @dbuf or black of that size.
 * Context: after the vblank was handled, with the lock.
 */
static inline void xdf_crc_frame(struct xdf_crc *crc, struct xdf_dbuf *dbuf,
				 u32 width, u32 height)
{
	if (READ_ONCE(crc->on))
		xdf_crc_add_frame(crc, dbuf, width, height);
}

#endif /* XDF_CRC_H */
