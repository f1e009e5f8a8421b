/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* One connector's picture: what shall be shown, what is shown, and when. */
#ifndef XDF_HEAD_H
#define XDF_HEAD_H

#include <linux/hrtimer.h>
#include <linux/spinlock.h>
#include <drm/drm_crtc.h>

#include "xdf_channel.h"
#include "xdf_clock.h"
#include "xdf_crc.h"
#include "xdf_link.h"
#include "xdf_view.h"

/**
 * enum xdf_head_op - the one operation on its way to the backend
 * @XDF_HEAD_IDLE: none
 * @XDF_HEAD_CONFIG: SET_CONFIG with a picture
 * @XDF_HEAD_OFF: SET_CONFIG without one
 * @XDF_HEAD_FLIP: PG_FLIP, until its response and its event are here
 * @XDF_HEAD_ATTACH: none, but the picture's buffer; see xdf_head.failed
 */
enum xdf_head_op {
	XDF_HEAD_IDLE,
	XDF_HEAD_CONFIG,
	XDF_HEAD_OFF,
	XDF_HEAD_FLIP,
	XDF_HEAD_ATTACH,
};

/* Flips within 1, 2, 4 ... 64 ms, and longer. */
#define XDF_LATENCY_BUCKETS	8

/**
 * struct xdf_head_stats - counters, only rising
 * @flips: pictures presented
 * @missed: refreshes that passed while a client's picture was waited for
 * @timeouts: client events completed without the backend
 * @errors: operations that the backend rejected
 * @strays: events that belong to no flip
 * @latency: flips by the time from request to event
 */
struct xdf_head_stats {
	u64 flips;
	u64 missed;
	u64 timeouts;
	u64 errors;
	u64 strays;
	u64 latency[XDF_LATENCY_BUCKETS];
};

/**
 * struct xdf_head - the picture of one connector
 * @crtc: whose vblank this is
 * @mode_rejected: told when the backend does not take the mode; any context,
 *	with the head's lock held, must not sleep
 * @link: the way to the backend
 * @index: the channel
 * @timer: ticks at vblanks while @ticking
 * @clock_lock: of the clock; leaf, taken where DRM holds its vblank locks
 * @clock: vblanks
 * @ticking: DRM wants vblanks
 * @crc: checksums of what is shown at vblanks
 * @lock: of all that follows; taken in interrupts, outside of DRM's own
 * @up: the link is
 * @on: shall be on
 * @width: of the mode
 * @height: of the mode
 * @view: shall be shown, held
 * @tag: names the framebuffer of @view, never followed
 * @want: rises with every new picture or damage
 * @config: rises with every new mode
 * @event: of the client, sent at a vblank once @event_want is shown
 * @event_want: see @event
 * @event_since: when the client asked
 * @async: the client's event need not wait for the vblank
 * @set: the backend's connector is on
 * @set_config: value of @config that the backend has
 * @shown: what the backend shows, held
 * @shown_want: how recent that is
 * @asked: the backend was asked for @view, which it has to know first
 * @rejected: what is wanted never will be shown, unless something else is
 * @backoff: refreshes from the last try to the next, 0 while all is well
 * @failed: what the log says has failed
 * @flipless: the last flip was rejected, pictures come with the mode
 * @op: on its way
 * @op_view: its picture, held
 * @op_want: how recent that is
 * @op_config: with which mode
 * @op_since: when it was sent, or the last one, or @view was asked for
 * @responded: the response is here
 * @responded_at: since when
 * @presented: the event is here
 * @stalled: the operation takes too long; clients go on meanwhile
 * @busy: the backend still has an earlier flip
 * @waiting: holds a vblank reference until the next tick, to send then
 * @grace: this tick was put off for an event that is due
 * @rq: the request of @op
 * @stats: counters
 */
struct xdf_head {
	struct drm_crtc *crtc;
	void (*mode_rejected)(struct xdf_head *head, u32 width, u32 height);
	struct xdf_link *link;
	unsigned int index;

	struct hrtimer timer;
	spinlock_t clock_lock;
	struct xdf_clock clock;
	bool ticking;

	struct xdf_crc crc;

	spinlock_t lock;
	bool up;
	bool on;
	u32 width;
	u32 height;
	struct xdf_view *view;
	const void *tag;
	u64 want;
	u64 config;
	struct drm_pending_vblank_event *event;
	u64 event_want;
	ktime_t event_since;
	bool async;

	bool set;
	u64 set_config;
	struct xdf_view *shown;
	u64 shown_want;

	bool asked;
	bool rejected;
	unsigned int backoff;
	enum xdf_head_op failed;
	bool flipless;

	enum xdf_head_op op;
	struct xdf_view *op_view;
	u64 op_want;
	u64 op_config;
	ktime_t op_since;
	bool responded;
	ktime_t responded_at;
	bool presented;
	bool stalled;
	bool busy;
	bool waiting;
	bool grace;
	struct xdf_request rq;
	struct xdf_head_stats stats;
};

void xdf_head_init(struct xdf_head *head, struct drm_crtc *crtc,
		   struct xdf_link *link, unsigned int index,
		   void (*mode_rejected)(struct xdf_head *head, u32 width,
					 u32 height));
void xdf_head_fini(struct xdf_head *head);
void xdf_head_up(struct xdf_head *head);
void xdf_head_down(struct xdf_head *head);
void xdf_head_enable(struct xdf_head *head, u32 width, u32 height, u64 period);
void xdf_head_disable(struct xdf_head *head);
void xdf_head_show(struct xdf_head *head, struct xdf_view *view,
		   const void *tag, struct drm_pending_vblank_event *event,
		   bool async);
void xdf_head_damage(struct xdf_head *head, const void *tag);
void xdf_head_presented(struct xdf_head *head, u64 fb_cookie);
void xdf_head_kick(struct xdf_head *head);
void xdf_head_panic(struct xdf_head *head);
void xdf_head_clock_start(struct xdf_head *head);
void xdf_head_clock_stop(struct xdf_head *head);
ktime_t xdf_head_clock_time(struct xdf_head *head);

#endif /* XDF_HEAD_H */
