// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A head has a wanted picture and a shown one, and at most one operation on
 * its way from the one to the other. Commits, damage, a new link and power
 * states only change what is wanted; head_advance() sends what is missing.
 */
#include <linux/delay.h>
#include <linux/math64.h>
#include <drm/drm_device.h>
#include <drm/drm_print.h>
#include <drm/drm_vblank.h>

#include "xdf_displif.h"
#include "xdf_head.h"
#include "xdf_trace.h"

/* After this a client's flip ends without the backend. */
#define FLIP_TIMEOUT_NS		(1ULL * NSEC_PER_SEC)
/* An accepted flip whose event is lost is forgotten after this. */
#define EVENT_TIMEOUT_NS	(3ULL * NSEC_PER_SEC)
/* Refreshes between two tries, when it has failed for a while. */
#define BACKOFF_MAX		8u
/* For the backend to take a picture. */
#define PANIC_MS		50

/* In ns; what another CPU noted a moment later is now. */
static u64 head_elapsed(ktime_t now, ktime_t then)
{
	s64 ns = ktime_to_ns(ktime_sub(now, then));

	return max_t(s64, ns, 0);
}

/* With the clock's lock held. */
static void head_start_timer(struct xdf_head *head, u64 time)
{
	if (head->ticking)
		hrtimer_start(&head->timer, ns_to_ktime(time),
			      HRTIMER_MODE_ABS);
}

static bool head_submit(struct xdf_head *head, enum xdf_head_op op)
{
	head->op = op;
	head->op_want = head->want;
	head->op_config = head->config;
	head->op_since = ktime_get();
	head->op_view = op == XDF_HEAD_OFF ? NULL : xdf_view_get(head->view);
	head->responded = false;
	head->presented = false;
	if (!xdf_link_submit(head->link, head->index, &head->rq))
		return true;
	/* the link is lost; its down call follows */
	head->op = XDF_HEAD_IDLE;
	xdf_view_put(head->op_view);
	head->op_view = NULL;
	head->up = false;
	return false;
}

/* Has the next tick look again; false when there is none. */
static bool head_wait(struct xdf_head *head)
{
	if (!head->waiting && !drm_crtc_vblank_get(head->crtc))
		head->waiting = true;
	return head->waiting;
}

/*
 * Damage alone is shown once per refresh. A backend that is busy with a flip
 * given up earlier is asked again at that one's event, or much later. True
 * when to wait.
 */
static bool head_throttle(struct xdf_head *head)
{
	u64 since = head_elapsed(ktime_get(), head->op_since);

	if (!head->busy && (head->event || since >= head->clock.period / 4 * 3))
		return false;
	return head_wait(head);
}

/*
 * What failed and may pass is tried again after 1, 2, 4, 8, 8 ... refreshes,
 * whatever is committed meanwhile: nothing tells when it has passed. True when
 * to wait.
 */
static bool head_backs_off(struct xdf_head *head)
{
	u64 quarter = head->clock.period / 4;

	if (!head->backoff || head_elapsed(ktime_get(), head->op_since) >=
	    (4 * head->backoff - 1) * quarter)
		return false;
	return head_wait(head);
}

/* As XenStore names it, as people know it. */
static u32 head_node(const struct xdf_head *head)
{
	return head->link->channels[head->index].node;
}

static void head_back_off(struct xdf_head *head, bool passes)
{
	head->stats.errors++;
	head->backoff = clamp(2 * head->backoff, 1u, BACKOFF_MAX);
	head->rejected = !passes;
}

/* The owner has the line for the log, which says what is used instead. */
static void head_reject_mode(struct xdf_head *head)
{
	const struct displif_set_config *config = &head->rq.wire.op.set_config;

	head_back_off(head, false);
	head->mode_rejected(head, config->width, config->height);
}

/* One line for all the tries, until head_works() has another. */
static void head_fail(struct xdf_head *head, enum xdf_head_op op,
		      const char *what, int error)
{
	/* a backend that has forgotten the mode takes no flip: with that once more */
	bool flip = op == XDF_HEAD_FLIP;
	bool passes = flip || xdf_displif_may_pass(error);
	bool known = head->failed != XDF_HEAD_IDLE || (flip && head->flipless);

	head_back_off(head, passes);
	if (flip) {
		head->set = false;
		head->flipless = true;
	}
	if (known)
		return;
	head->failed = op;
	dev_warn_ratelimited(head->crtc->dev->dev,
			     "connector %u: %s failed (error %d), %s; the backend's own log may say why\n",
			     head_node(head), what, error, passes ?
			     "it is tried until it works" :
			     "this picture is not shown");
}

static void head_works(struct xdf_head *head)
{
	head->backoff = 0;
	if (head->failed == XDF_HEAD_IDLE)
		return;
	head->failed = XDF_HEAD_IDLE;
	dev_info_ratelimited(head->crtc->dev->dev,
			     "connector %u: pictures are shown again\n",
			     head_node(head));
}

/* Has the backend told of the wanted picture; its answer brings us back here. */
static void head_attach(struct xdf_head *head)
{
	if (head->asked && xdf_view_is_refused(head->view)) {
		head->asked = false;
		head_fail(head, XDF_HEAD_ATTACH, "attaching a buffer",
			  head->view->error);
	}
	if (head->asked || head->rejected || head_backs_off(head))
		return;
	head->asked = true;
	head->op_since = ktime_get();
	xdf_view_ask(head->view);
}

static void head_advance(struct xdf_head *head)
{
	struct displif_req *wire = &head->rq.wire;

	if (!head->up)
		return;
	if (head->op != XDF_HEAD_IDLE) {
		/* should its event be lost, a tick has to notice */
		if (head->op == XDF_HEAD_FLIP && head->op_want != head->want)
			head_wait(head);
		return;
	}
	if (!head->on || !head->view) {
		head->shown_want = head->want;
		if (!head->set)
			return;
		xdf_displif_set_config(wire, 0, 0, 0, 0);
		head_submit(head, XDF_HEAD_OFF);
		return;
	}
	if (!xdf_view_is_live(head->view)) {
		head_attach(head);
		return;
	}
	if (head->failed == XDF_HEAD_ATTACH && head->asked)
		head->backoff = 0;
	head->asked = false;
	/* a mode may have changed while a flip kept it from being switched off */
	if (!head->set || head->set_config != head->config) {
		if (head->rejected || head_backs_off(head))
			return;
		xdf_displif_set_config(wire, head->view->fb_cookie,
				       head->width, head->height,
				       xdf_view_bpp(head->view));
		head_submit(head, XDF_HEAD_CONFIG);
		return;
	}
	if (head->shown_want == head->want || head_backs_off(head) ||
	    head_throttle(head))
		return;
	xdf_displif_pg_flip(wire, head->view->fb_cookie);
	head_submit(head, XDF_HEAD_FLIP);
}

/* A tick may come late, when the client has asked for the next vblank already. */
static bool head_asked_before(struct xdf_head *head)
{
	u64 time;

	spin_lock(&head->clock_lock);
	time = head->clock.time;
	spin_unlock(&head->clock_lock);
	return ktime_before(head->event_since, ns_to_ktime(time));
}

/*
 * Sends the client's event when its picture is on the screen, or cannot be;
 * unless asynchronous at a vblank after it was asked for, which is @due.
 */
static void head_settle(struct xdf_head *head, bool due)
{
	struct drm_device *drm = head->crtc->dev;

	if (!head->event || !(head->async || due))
		return;
	if (head->up && !head->stalled && !head->backoff &&
	    head->shown_want < head->event_want)
		return;
	spin_lock(&drm->event_lock);
	drm_crtc_send_vblank_event(head->crtc, head->event);
	spin_unlock(&drm->event_lock);
	head->event = NULL;
	drm_crtc_vblank_put(head->crtc);
}

/* After a vblank, and all that is settled by it. */
static void head_begin_frame(struct xdf_head *head)
{
	xdf_crc_frame(&head->crc, head->shown, head->width, head->height);
}

static void head_show_op(struct xdf_head *head)
{
	swap(head->shown, head->op_view);
	head->shown_want = head->op_want;
	head->stats.flips++;
	if (head->op == XDF_HEAD_FLIP)
		head->flipless = false;
	if (head->op == XDF_HEAD_CONFIG) {
		head->set = true;
		head->set_config = head->op_config;
	}
	head_works(head);
}

static void head_set_off(struct xdf_head *head, int status)
{
	if (status) {
		head->stats.errors++;
		dev_warn_ratelimited(head->crtc->dev->dev,
				     "connector %u: switching it off failed (error %d): the host may show the last picture for longer\n",
				     head_node(head), status);
	}
	head->set = false;
	xdf_view_put(head->shown);
	head->shown = NULL;
}

/* The end of the operation, good or bad. */
static void head_finish(struct xdf_head *head, int status)
{
	enum xdf_head_op op = head->op;

	head->busy = op == XDF_HEAD_FLIP && status == -EBUSY;
	if (status == -ENODEV || status == -ETIMEDOUT)
		/* the link is lost; its down call follows */
		head->up = false;
	else if (op == XDF_HEAD_OFF)
		head_set_off(head, status);
	else if (!status)
		head_show_op(head);
	else if (op == XDF_HEAD_CONFIG && status == -EINVAL)
		head_reject_mode(head);
	else if (!head->busy)
		head_fail(head, op,
			  xdf_displif_op_name(head->rq.wire.operation), status);
	xdf_view_put(head->op_view);
	head->op_view = NULL;
	head->op = XDF_HEAD_IDLE;
	head->stalled = false;
	head_settle(head, false);
	head_advance(head);
}

static void head_done(struct xdf_request *rq)
{
	struct xdf_head *head = container_of(rq, struct xdf_head, rq);
	unsigned long flags;

	spin_lock_irqsave(&head->lock, flags);
	head->responded = true;
	head->responded_at = ktime_get();
	/* an error has no event; the event may have come before */
	if (rq->status || head->op != XDF_HEAD_FLIP || head->presented)
		head_finish(head, rq->status);
	spin_unlock_irqrestore(&head->lock, flags);
}

/* The clock goes by the backend's. */
static bool head_clock_event(struct xdf_head *head)
{
	u64 now = ktime_get_ns();
	bool vblank;
	u64 next;

	spin_lock(&head->clock_lock);
	next = head->clock.next;
	vblank = xdf_clock_event(&head->clock, now);
	/* a vblank that is due may only have waited for this */
	if (head->clock.next != next || next <= now)
		head_start_timer(head, head->clock.next);
	spin_unlock(&head->clock_lock);
	return vblank;
}

static void head_note_latency(struct xdf_head *head)
{
	u64 ns = head_elapsed(ktime_get(), head->op_since);
	unsigned int bucket = fls64(div_u64(ns, NSEC_PER_MSEC));

	bucket = min_t(unsigned int, bucket, XDF_LATENCY_BUCKETS - 1);
	head->stats.latency[bucket]++;
	trace_xdf_flip(dev_name(head->crtc->dev->dev), head->index,
		       head->op_view->fb_cookie, ns);
}

/**
 * xdf_head_presented - the backend says that a picture is on the screen
 * @head: the head
 * @fb_cookie: which one; matched with what was sent
 *
 * Context: any but NMI.
 */
void xdf_head_presented(struct xdf_head *head, u64 fb_cookie)
{
	unsigned long flags;
	bool vblank;

	spin_lock_irqsave(&head->lock, flags);
	if (head->op != XDF_HEAD_FLIP || head->presented ||
	    head->op_view->fb_cookie != fb_cookie) {
		head->stats.strays++;
		/* of a flip given up too early: the way is free now */
		if (head->op == XDF_HEAD_IDLE && head->busy) {
			head->busy = false;
			head_advance(head);
		}
		goto out;
	}
	head->presented = true;
	head->grace = false;
	head_note_latency(head);
	vblank = !head->async && head_clock_event(head);
	if (vblank)
		drm_crtc_handle_vblank(head->crtc);
	if (head->responded)
		head_finish(head, 0);
	if (vblank) {
		head_settle(head, head_asked_before(head));
		head_begin_frame(head);
	}
out:
	spin_unlock_irqrestore(&head->lock, flags);
}

/* A backend that says nothing must hold up neither clients nor the head. */
static void head_check_time(struct xdf_head *head, ktime_t now)
{
	u64 waited = head_elapsed(now, head->event_since);
	u64 late = head_elapsed(now, head->responded_at);

	if (head->event && !head->stalled && head->up &&
	    waited > FLIP_TIMEOUT_NS) {
		head->stalled = true;
		head->stats.timeouts++;
		dev_warn_ratelimited(head->crtc->dev->dev,
				     "connector %u: the backend did not present a picture in time; going on without\n",
				     head_node(head));
	}
	if (head->op == XDF_HEAD_FLIP && head->responded &&
	    late > EVENT_TIMEOUT_NS)
		head_finish(head, 0);
}

static enum hrtimer_restart head_tick(struct hrtimer *timer)
{
	struct xdf_head *head = container_of(timer, struct xdf_head, timer);
	bool wait, due, vblank = false;
	unsigned long flags;
	ktime_t now;

	spin_lock_irqsave(&head->lock, flags);
	now = ktime_get();
	spin_lock(&head->clock_lock);
	/* An event that is about due is this vblank: wait a little for it. */
	wait = head->event && !head->async && !head->grace && head->up &&
		!head->stalled && head->op == XDF_HEAD_FLIP &&
		!head->presented && ktime_to_ns(now) >= head->clock.next;
	head->grace = wait;
	/* else an event was quicker and has moved the clock on */
	if (head->ticking && !wait)
		vblank = xdf_clock_tick(&head->clock, ktime_to_ns(now));
	head_start_timer(head, wait ? ktime_to_ns(now) + head->clock.period / 4 :
				      head->clock.next);
	spin_unlock(&head->clock_lock);

	if (vblank) {
		drm_crtc_handle_vblank(head->crtc);
		head_check_time(head, now);
		if (head_elapsed(now, head->responded_at) > EVENT_TIMEOUT_NS)
			head->busy = false;
		if (head->waiting) {
			head->waiting = false;
			drm_crtc_vblank_put(head->crtc);
		}
		due = head_asked_before(head);
		head_settle(head, due);
		if (head->event && !head->async && due)
			head->stats.missed++;
		head_begin_frame(head);
		head_advance(head);
	}
	spin_unlock_irqrestore(&head->lock, flags);
	/* armed above */
	return HRTIMER_NORESTART;
}

/**
 * xdf_head_clock_start - vblanks are wanted
 * @head: the head
 *
 * Context: any, with DRM's vblank locks held.
 */
void xdf_head_clock_start(struct xdf_head *head)
{
	unsigned long flags;

	spin_lock_irqsave(&head->clock_lock, flags);
	xdf_clock_tick(&head->clock, ktime_get_ns());
	head->ticking = true;
	head_start_timer(head, head->clock.next);
	spin_unlock_irqrestore(&head->clock_lock, flags);
}

/**
 * xdf_head_clock_stop - vblanks are not wanted
 * @head: the head
 *
 * Context: any, with DRM's vblank locks held; so a tick that runs just now is
 * left to see it for itself.
 */
void xdf_head_clock_stop(struct xdf_head *head)
{
	unsigned long flags;

	spin_lock_irqsave(&head->clock_lock, flags);
	head->ticking = false;
	hrtimer_try_to_cancel(&head->timer);
	spin_unlock_irqrestore(&head->clock_lock, flags);
}

/**
 * xdf_head_clock_time - when the last vblank was
 * @head: the head
 *
 * Context: any, with DRM's vblank locks held.
 *
 * Return: monotonic time.
 */
ktime_t xdf_head_clock_time(struct xdf_head *head)
{
	unsigned long flags;
	u64 time;

	spin_lock_irqsave(&head->clock_lock, flags);
	time = head->ticking ? head->clock.time :
			       xdf_clock_last(&head->clock, ktime_get_ns());
	spin_unlock_irqrestore(&head->clock_lock, flags);
	return ns_to_ktime(time);
}

/**
 * xdf_head_enable - shall be on, with this mode
 * @head: the head
 * @width: in pixels
 * @height: in lines
 * @period: of a refresh, in ns
 *
 * The picture follows with xdf_head_show().
 */
void xdf_head_enable(struct xdf_head *head, u32 width, u32 height, u64 period)
{
	spin_lock_irq(&head->lock);
	spin_lock(&head->clock_lock);
	xdf_clock_start(&head->clock, period, ktime_get_ns());
	spin_unlock(&head->clock_lock);
	head->on = true;
	head->width = width;
	head->height = height;
	head->config++;
	spin_unlock_irq(&head->lock);
}

/**
 * xdf_head_disable - shall be off
 * @head: the head
 */
void xdf_head_disable(struct xdf_head *head)
{
	struct xdf_view *view = NULL;
	bool waiting;

	spin_lock_irq(&head->lock);
	head->on = false;
	head->want++;
	head->tag = NULL;
	swap(view, head->view);
	waiting = head->waiting;
	head->waiting = false;
	head_advance(head);
	spin_unlock_irq(&head->lock);
	xdf_view_put(view);
	if (waiting)
		drm_crtc_vblank_put(head->crtc);
}

/**
 * xdf_head_show - shall show this
 * @head: an enabled head
 * @view: the picture, or NULL for none; the head takes a reference of its own
 * @tag: for xdf_head_damage()
 * @event: sent when it is shown, or NULL. The caller hands over a vblank
 *	reference with it
 * @async: send it without waiting for the vblank
 */
void xdf_head_show(struct xdf_head *head, struct xdf_view *view,
		   const void *tag, struct drm_pending_vblank_event *event,
		   bool async)
{
	xdf_view_get(view);
	spin_lock_irq(&head->lock);
	swap(head->view, view);
	head->tag = tag;
	head->want++;
	/* what was rejected for another picture may do for this one */
	head->asked = false;
	head->rejected = false;
	head->event = event;
	head->event_want = head->want;
	head->event_since = ktime_get();
	head->async = async;
	head_advance(head);
	spin_unlock_irq(&head->lock);
	xdf_view_put(view);
}

/**
 * xdf_head_damage - the picture has changed in its buffer
 * @head: the head
 * @tag: of the picture; another one than is wanted is ignored
 */
void xdf_head_damage(struct xdf_head *head, const void *tag)
{
	spin_lock_irq(&head->lock);
	if (head->on && head->tag == tag) {
		head->want++;
		head_advance(head);
	}
	spin_unlock_irq(&head->lock);
}

/**
 * xdf_head_kick - the backend has answered for a view
 * @head: the head
 *
 * Context: any but NMI.
 */
void xdf_head_kick(struct xdf_head *head)
{
	unsigned long flags;

	spin_lock_irqsave(&head->lock, flags);
	head_advance(head);
	spin_unlock_irqrestore(&head->lock, flags);
}

/**
 * xdf_head_panic - the picture has changed for the last time
 * @head: the head
 *
 * Context: the kernel panics, other CPUs stand still with any lock held.
 */
void xdf_head_panic(struct xdf_head *head)
{
	struct displif_req wire;

	if (!spin_trylock(&head->lock))
		return;
	if (head->up && head->set && head->view) {
		/* no interrupt tells of the end of the one on its way */
		if (head->op != XDF_HEAD_IDLE)
			mdelay(PANIC_MS);
		xdf_displif_pg_flip(&wire, head->view->fb_cookie);
		xdf_channel_panic(&head->link->channels[head->index], &wire);
		/* the guest may be gone right after this */
		mdelay(PANIC_MS);
	}
	spin_unlock(&head->lock);
}

/**
 * xdf_head_up - the link is up; whatever is wanted is shown anew
 * @head: the head
 */
void xdf_head_up(struct xdf_head *head)
{
	spin_lock_irq(&head->lock);
	head->up = true;
	head->asked = false;
	head->rejected = false;
	head->backoff = 0;
	head->failed = XDF_HEAD_IDLE;
	head->flipless = false;
	head_advance(head);
	spin_unlock_irq(&head->lock);
}

/**
 * xdf_head_down - the link is lost
 * @head: the head
 *
 * The requests have ended. Flips go on at the clock's pace.
 */
void xdf_head_down(struct xdf_head *head)
{
	struct xdf_view *shown = NULL, *op = NULL;

	spin_lock_irq(&head->lock);
	head->up = false;
	head->set = false;
	head->op = XDF_HEAD_IDLE;
	head->stalled = false;
	swap(shown, head->shown);
	swap(op, head->op_view);
	spin_unlock_irq(&head->lock);
	xdf_view_put(shown);
	xdf_view_put(op);
}

/**
 * xdf_head_init - prepare a head: off, link down
 * @head: zeroed
 * @crtc: whose vblank it is
 * @link: the way to the backend
 * @index: the channel
 * @mode_rejected: see struct xdf_head
 */
void xdf_head_init(struct xdf_head *head, struct drm_crtc *crtc,
		   struct xdf_link *link, unsigned int index,
		   void (*mode_rejected)(struct xdf_head *head, u32 width,
					 u32 height))
{
	head->crtc = crtc;
	head->mode_rejected = mode_rejected;
	head->link = link;
	head->index = index;
	head->rq.done = head_done;
	xdf_crc_init(&head->crc, crtc);
	spin_lock_init(&head->lock);
	spin_lock_init(&head->clock_lock);
	head->clock.period = NSEC_PER_SEC / XDF_DEFAULT_HZ;
	hrtimer_setup(&head->timer, head_tick, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
}

/**
 * xdf_head_fini - nothing ticks any more
 * @head: a head that is off, link down
 */
void xdf_head_fini(struct xdf_head *head)
{
	hrtimer_cancel(&head->timer);
}
