/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What an output is to show, what it shows, and the operation in between. */
#ifndef XDF_SCANOUT_H
#define XDF_SCANOUT_H

#include <linux/hrtimer.h>
#include <drm/drm_crtc.h>

#include "xdf_connector.h"
#include "xdf_dbuf.h"

/* The one operation in flight. */
enum xdf_scanout_op {
	XDF_SCANOUT_IDLE,		/* none */
	XDF_SCANOUT_CONFIG,		/* SET_CONFIG with a framebuffer */
	XDF_SCANOUT_OFF,		/* SET_CONFIG without one */
	XDF_SCANOUT_FLIP,		/* PG_FLIP: neither response nor event yet */
	XDF_SCANOUT_FLIP_ACCEPTED,	/* its response is here */
	XDF_SCANOUT_FLIP_PRESENTED,	/* its event is here */
	XDF_SCANOUT_ATTACH,		/* in the log only */
};

/* Flips within 1, 2, 4 ... 64 ms, and longer. */
#define XDF_LATENCY_BUCKETS	8

/* The screen of one connector. */
struct xdf_scanout {
	struct xdf_channel channel;	/* the way to the backend */
	struct drm_crtc *crtc;
	struct xdf_connector *connector;	/* told of rejected modes */
	struct workqueue_struct *wq;	/* unbound; of the checksums' works */

	struct hrtimer timer;		/* ticks at vblanks while @ticking */
	spinlock_t vblank_lock;		/* of the next three; innermost, below DRM's vblank locks */
	struct xdf_vblank vblank;
	bool ticking;			/* DRM wants vblanks */
	bool ended;			/* the timer is not started any more */

	spinlock_t lock;		/* of all that follows; outside of DRM's */
	bool up;			/* there is a backend */
	/* what is to be shown */
	struct {
		bool enabled;
		u32 width, height;	/* of the mode */
		u32 mode_seq;		/* rises with every new mode */
		struct xdf_dbuf *dbuf;	/* held and kept; NULL for none */
		const void *fb;		/* its framebuffer, never followed */
		u64 seq;		/* rises with every framebuffer or damage */
		struct drm_pending_vblank_event *event;	/* sent when it is shown */
		u64 event_seq;		/* how recent that has to be */
		u64 event_since;	/* when userspace asked, in ns */
		bool async;		/* the event need not wait for the vblank */
	} wanted;
	/* what the backend shows */
	struct {
		bool on;		/* something */
		u32 mode_seq;		/* with which mode; 0: it has to be set */
		struct xdf_dbuf *dbuf;	/* held */
		u64 seq;
	} shown;
	/* what is in flight, or was last */
	struct {
		enum xdf_scanout_op op;
		struct xdf_request rq;
		u32 mode_seq;
		struct xdf_dbuf *dbuf;	/* held */
		u64 seq;
		u64 since;		/* when it was sent, or last asked for, in ns */
		u64 responded_at;
	} inflight;
	bool asked;			/* for the wanted dbuf to be attached */
	bool rejected;			/* what is wanted never will be shown */
	unsigned int backoff;		/* refreshes to the next attempt, or 0 */
	enum xdf_scanout_op failed;	/* what the log says has failed */
	bool flipless;			/* a flip was rejected: the mode is set instead */
	bool stalled;			/* it takes too long; userspace goes on */
	bool backend_busy;		/* with an earlier flip */
	bool vblank_held;		/* a reference, until the next tick */
	bool vblank_deferred;		/* this tick was put off for an event that is due */

	/* checksums of what is shown at vblanks, for tests: crtc-N/crc of debugfs */
	bool crc_on;			/* somebody reads them */
	bool crc_pending;		/* @crc_first to @crc_last wait for theirs */
	u32 crc_first, crc_last;	/* see @crc_pending; the latest frame */
	struct xdf_dbuf *crc_dbuf;	/* shown in it, held; NULL for black */
	u32 crc_width, crc_height;	/* of black, in pixels and lines; 0: no frame yet */
	struct work_struct crc_work;	/* computes */
	struct delayed_work crc_let_go;	/* of the device and this module, for a reader */
	struct delayed_work crc_ending;	/* lets a reader go */
	u64 crcs;			/* how often a picture was read, ever */

	/* only rising */
	struct {
		u64 flips;		/* framebuffers presented */
		u64 missed;		/* refreshes, while userspace waited */
		u64 timeouts;		/* events completed without the backend */
		u64 errors;		/* operations that the backend rejected */
		u64 strays;		/* events that belong to no flip */
		u64 latency[XDF_LATENCY_BUCKETS];	/* flips by the time they took */
	} stats;
};

void xdf_scanout_init(struct xdf_scanout *s, struct drm_crtc *crtc,
		      struct xdf_connector *connector, struct workqueue_struct *wq);
void xdf_scanout_fini(struct xdf_scanout *s);
void xdf_scanout_up(struct xdf_scanout *s, u32 epoch);
void xdf_scanout_enable(struct xdf_scanout *s, u32 width, u32 height, u64 period);
void xdf_scanout_disable(struct xdf_scanout *s);
void xdf_scanout_show(struct xdf_scanout *s, struct xdf_dbuf *dbuf, const void *fb,
		      struct drm_pending_vblank_event *event, bool async);
void xdf_scanout_damage(struct xdf_scanout *s, const void *fb);
void xdf_scanout_kick(struct xdf_scanout *s);
void xdf_scanout_print(struct xdf_scanout *s, struct seq_file *m);
void xdf_scanout_panic(struct xdf_scanout *s);
void xdf_scanout_start_vblanks(struct xdf_scanout *s);
void xdf_scanout_stop_vblanks(struct xdf_scanout *s);
ktime_t xdf_scanout_vblank_time(struct xdf_scanout *s);

/* xdf_crc.c */
void xdf_crc_init(struct xdf_scanout *s);
void xdf_crc_end(struct xdf_scanout *s);
void xdf_crc_fini(struct xdf_scanout *s);
int xdf_crc_set_source(struct xdf_scanout *s, const char *source);
int xdf_crc_verify_source(struct drm_crtc *crtc, const char *source, size_t *count);
void xdf_crc_frame(struct xdf_scanout *s);

#endif /* XDF_SCANOUT_H */
