// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * There is a wanted framebuffer and a shown one, and at most one operation in
 * flight from the one to the other. Commits, damage, a new connection and power
 * states only change what is wanted; scanout_advance() sends what is missing.
 */
#include <linux/delay.h>
#include <linux/seq_file.h>
#include <drm/drm_vblank.h>

#include "xdf_scanout.h"
#include "xdf_trace.h"

/* After this a flip ends for userspace, without the backend. */
#define FLIP_TIMEOUT_NS		(1ULL * NSEC_PER_SEC)
/* An accepted flip whose event is lost is forgotten after this. */
#define EVENT_TIMEOUT_NS	(3ULL * NSEC_PER_SEC)
/* Refreshes between two tries, when it has failed for a while. */
#define BACKOFF_MAX		8u
/* For the backend to show the panic screen. */
#define PANIC_MS		50

/* What another CPU noted a moment later is now. */
static u64 scanout_elapsed(u64 now, u64 then)
{
	return now > then ? now - then : 0;
}

/* With the vblank lock held. */
static void scanout_start_timer(struct xdf_scanout *s, u64 time)
{
	if (s->ticking && !s->ended)
		hrtimer_start(&s->timer, ns_to_ktime(time), HRTIMER_MODE_ABS);
}

static bool op_is_flip(enum xdf_scanout_op op)
{
	return op >= XDF_SCANOUT_FLIP && op <= XDF_SCANOUT_FLIP_PRESENTED;
}

static void scanout_drop_inflight(struct xdf_scanout *s)
{
	xdf_dbuf_put(s->inflight.dbuf);
	s->inflight.dbuf = NULL;
	s->inflight.op = XDF_SCANOUT_IDLE;
}

static void scanout_submit(struct xdf_scanout *s, enum xdf_scanout_op op)
{
	s->inflight.op = op;
	s->inflight.seq = s->wanted.seq;
	s->inflight.mode_seq = s->wanted.mode_seq;
	s->inflight.since = ktime_get_ns();
	if (op != XDF_SCANOUT_OFF)
		s->inflight.dbuf = xdf_dbuf_get(s->wanted.dbuf);
	/* the ticks go on until then */
	s->inflight.rq.quiet = op == XDF_SCANOUT_FLIP && (s->wanted.event || s->vblank_held);
	if (!xdf_channel_submit(&s->channel, &s->inflight.rq))
		return;
	/* the connection is lost; scanout_closed() follows */
	scanout_drop_inflight(s);
	s->up = false;
}

/* Has the next tick look again; false when there is none. */
static bool scanout_wait(struct xdf_scanout *s)
{
	if (!s->vblank_held && !drm_crtc_vblank_get(s->crtc))
		s->vblank_held = true;
	return s->vblank_held;
}

/* True when to wait: so many refreshes from the last operation, less a quarter of one. */
static bool scanout_waits(struct xdf_scanout *s, unsigned int refreshes)
{
	u64 least = (4ULL * refreshes - 1) * (s->vblank.period / 4);

	return refreshes && scanout_elapsed(ktime_get_ns(), s->inflight.since) < least &&
		scanout_wait(s);
}

/* One line for all attempts, until scanout_show_op() has another. */
static void scanout_fail(struct xdf_scanout *s, enum xdf_scanout_op op,
			 const char *what, int error)
{
	const struct displif_set_config *config = &s->inflight.rq.wire.op.set_config;
	/* a backend that has forgotten the mode takes no flip: set it again */
	bool flip = op_is_flip(op);
	bool may_pass = flip || xdf_displif_may_pass(error);
	bool known = s->failed != XDF_SCANOUT_IDLE || (flip && s->flipless);

	s->stats.errors++;
	/*
	 * What may pass is tried again after 1, 2, 4, 8, 8 ... refreshes, whatever
	 * is committed meanwhile: nothing tells when it has passed.
	 */
	s->backoff = clamp(2 * s->backoff, 1u, BACKOFF_MAX);
	s->rejected = !may_pass;
	if (op == XDF_SCANOUT_CONFIG && error == -EINVAL) {
		/* the connector has the line for the log, which says what is used instead */
		xdf_connector_reject(s->connector, config->width, config->height);
		return;
	}
	if (flip) {
		s->shown.mode_seq = 0;
		s->flipless = true;
	}
	if (known)
		return;
	s->failed = op;
	dev_warn_ratelimited(s->crtc->dev->dev,
			     "connector %u: %s failed (error %d), %s; the backend's own log may say why\n",
			     s->channel.node, what, error, may_pass ?
			     "it is tried until it works" : "this picture is not shown");
}

/* Has the wanted dbuf attached, the end of which brings us back here. */
static void scanout_attach(struct xdf_scanout *s)
{
	struct xdf_dbuf *d = s->wanted.dbuf;
	int error = READ_ONCE(d->error);

	if (s->asked) {
		/* on its way; or here, which is told in a moment */
		if (error == -EINPROGRESS || !error)
			return;
		s->asked = false;
		if (!xdf_displif_is_lost(error))
			scanout_fail(s, XDF_SCANOUT_ATTACH, "attaching a buffer", error);
		else if (!READ_ONCE(s->channel.open))
			return;
	}
	if (s->rejected || scanout_waits(s, s->backoff))
		return;
	s->asked = true;
	s->inflight.since = ktime_get_ns();
	xdf_dbuf_ask(d);
}

/* Sends what the backend needs to show the wanted dbuf, which it knows. */
static void scanout_present(struct xdf_scanout *s)
{
	struct displif_req *wire = &s->inflight.rq.wire;
	const struct xdf_dbuf *d = s->wanted.dbuf;

	if (s->failed == XDF_SCANOUT_ATTACH && s->asked)
		s->backoff = 0;
	s->asked = false;
	/* a mode may have changed while a flip kept it from being switched off */
	if (s->shown.mode_seq != s->wanted.mode_seq) {
		if (s->rejected || scanout_waits(s, s->backoff))
			return;
		xdf_displif_start(wire, DISPLIF_OP_SET_CONFIG);
		wire->op.set_config.fb_cookie = d->fb_cookie;
		wire->op.set_config.width = s->wanted.width;
		wire->op.set_config.height = s->wanted.height;
		wire->op.set_config.bpp = xdf_dbuf_bpp(d);
		scanout_submit(s, XDF_SCANOUT_CONFIG);
		return;
	}
	if (s->shown.seq == s->wanted.seq)
		return;
	/* with a flip given up earlier: asked again at that one's event, or much later */
	if (s->backend_busy && scanout_wait(s))
		return;
	/* damage alone is shown once per refresh */
	if (scanout_waits(s, max(s->backoff, s->wanted.event ? 0u : 1u)))
		return;
	xdf_displif_start(wire, DISPLIF_OP_PG_FLIP);
	wire->op.pg_flip.fb_cookie = d->fb_cookie;
	scanout_submit(s, XDF_SCANOUT_FLIP);
}

static void scanout_advance(struct xdf_scanout *s)
{
	if (!s->up)
		return;
	if (s->inflight.op != XDF_SCANOUT_IDLE) {
		/* should its event be lost, a tick has to notice */
		if (op_is_flip(s->inflight.op) && s->inflight.seq != s->wanted.seq)
			scanout_wait(s);
		return;
	}
	if (!s->wanted.enabled || !s->wanted.dbuf) {
		s->shown.seq = s->wanted.seq;
		if (!s->shown.on)
			return;
		/* without a framebuffer */
		xdf_displif_start(&s->inflight.rq.wire, DISPLIF_OP_SET_CONFIG);
		scanout_submit(s, XDF_SCANOUT_OFF);
		return;
	}
	if (xdf_dbuf_is_live(s->wanted.dbuf))
		scanout_present(s);
	else
		scanout_attach(s);
}

/* A tick may come late, when userspace has asked for the next vblank already. */
static bool scanout_asked_before(struct xdf_scanout *s)
{
	u64 time;

	spin_lock(&s->vblank_lock);
	time = s->vblank.time;
	spin_unlock(&s->vblank_lock);
	return s->wanted.event_since < time;
}

/*
 * Sends userspace its event when what it asked for is shown, or cannot be;
 * unless asynchronous at a vblank after it was asked for, which is @due.
 */
static void scanout_settle(struct xdf_scanout *s, bool due)
{
	struct drm_device *drm = s->crtc->dev;

	if (!s->wanted.event || !(s->wanted.async || due))
		return;
	if (s->up && !s->stalled && !s->backoff && s->shown.seq < s->wanted.event_seq)
		return;
	spin_lock(&drm->event_lock);
	drm_crtc_send_vblank_event(s->crtc, s->wanted.event);
	spin_unlock(&drm->event_lock);
	s->wanted.event = NULL;
	drm_crtc_vblank_put(s->crtc);
}

static void scanout_show_op(struct xdf_scanout *s)
{
	swap(s->shown.dbuf, s->inflight.dbuf);
	s->shown.seq = s->inflight.seq;
	s->stats.flips++;
	if (op_is_flip(s->inflight.op))
		s->flipless = false;
	if (s->inflight.op == XDF_SCANOUT_CONFIG) {
		s->shown.on = true;
		s->shown.mode_seq = s->inflight.mode_seq;
	}
	s->backoff = 0;
	if (s->failed != XDF_SCANOUT_IDLE)
		dev_info_ratelimited(s->crtc->dev->dev, "connector %u: pictures are shown again\n",
				     s->channel.node);
	s->failed = XDF_SCANOUT_IDLE;
}

static void scanout_drop_shown(struct xdf_scanout *s)
{
	s->shown.on = false;
	s->shown.mode_seq = 0;
	xdf_dbuf_put(s->shown.dbuf);
	s->shown.dbuf = NULL;
}

/* The end of the operation, good or bad. */
static void scanout_finish(struct xdf_scanout *s, int status)
{
	bool flip = op_is_flip(s->inflight.op);

	s->backend_busy = flip && status == -EBUSY;
	if (xdf_displif_is_lost(status)) {
		/* scanout_closed() follows */
		s->up = false;
	} else if (s->inflight.op == XDF_SCANOUT_OFF) {
		if (status) {
			s->stats.errors++;
			dev_warn_ratelimited(s->crtc->dev->dev,
					     "connector %u: switching it off failed (error %d): the host may show the last picture for longer\n",
					     s->channel.node, status);
		}
		scanout_drop_shown(s);
	} else if (!status) {
		scanout_show_op(s);
	} else if (!s->backend_busy) {
		scanout_fail(s, s->inflight.op, flip ? "PG_FLIP" : "SET_CONFIG", status);
	}
	scanout_drop_inflight(s);
	s->stalled = false;
	scanout_settle(s, false);
	scanout_advance(s);
}

static void scanout_done(struct xdf_request *rq)
{
	struct xdf_scanout *s = container_of(rq, struct xdf_scanout, inflight.rq);
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	s->inflight.responded_at = ktime_get_ns();
	/* an error has no event; the event may have come before */
	if (!rq->status && s->inflight.op == XDF_SCANOUT_FLIP)
		s->inflight.op = XDF_SCANOUT_FLIP_ACCEPTED;
	else
		scanout_finish(s, rq->status);
	spin_unlock_irqrestore(&s->lock, flags);
}

static bool scanout_expects_event(const struct xdf_scanout *s)
{
	return s->inflight.op == XDF_SCANOUT_FLIP || s->inflight.op == XDF_SCANOUT_FLIP_ACCEPTED;
}

/* The event of the flip in flight. */
static void scanout_presented(struct xdf_scanout *s)
{
	u64 now = ktime_get_ns(), ns = scanout_elapsed(now, s->inflight.since);
	bool vblank = false;
	u64 next;

	s->vblank_deferred = false;
	s->stats.latency[min_t(u32, fls64(div_u64(ns, NSEC_PER_MSEC)), XDF_LATENCY_BUCKETS - 1)]++;
	trace_xdf_flip(dev_name(s->crtc->dev->dev), s->channel.node,
		       s->inflight.dbuf->fb_cookie, ns);
	/* our vblanks go by the backend's */
	if (!s->wanted.async) {
		spin_lock(&s->vblank_lock);
		next = s->vblank.next;
		vblank = xdf_vblank_event(&s->vblank, now);
		/* a vblank that is due may only have waited for this */
		if (s->vblank.next != next || next <= now)
			scanout_start_timer(s, s->vblank.next);
		spin_unlock(&s->vblank_lock);
	}
	if (vblank)
		drm_crtc_handle_vblank(s->crtc);
	if (s->inflight.op == XDF_SCANOUT_FLIP_ACCEPTED)
		scanout_finish(s, 0);
	else
		s->inflight.op = XDF_SCANOUT_FLIP_PRESENTED;
	if (vblank) {
		scanout_settle(s, scanout_asked_before(s));
		xdf_crc_frame(s);
	}
}

/* xdf_channel.event */
static bool scanout_event(struct xdf_channel *ch, u64 fb_cookie)
{
	struct xdf_scanout *s = container_of(ch, struct xdf_scanout, channel);
	bool waited = true;
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	if (scanout_expects_event(s) && s->inflight.dbuf->fb_cookie == fb_cookie) {
		scanout_presented(s);
	} else {
		s->stats.strays++;
		waited = s->inflight.op == XDF_SCANOUT_IDLE && s->backend_busy;
		/* of a flip given up too early: the way is free now */
		if (waited) {
			s->backend_busy = false;
			scanout_advance(s);
		}
	}
	spin_unlock_irqrestore(&s->lock, flags);
	return waited;
}

/* A vblank has passed without an event that was it. */
static void scanout_vblank(struct xdf_scanout *s, u64 now)
{
	u64 waited = scanout_elapsed(now, s->wanted.event_since);
	u64 late = scanout_elapsed(now, s->inflight.responded_at);
	bool due;

	drm_crtc_handle_vblank(s->crtc);
	/* a backend that says nothing holds up neither userspace nor the screen */
	if (s->wanted.event && !s->stalled && s->up && waited > FLIP_TIMEOUT_NS) {
		s->stalled = true;
		s->stats.timeouts++;
		dev_warn_ratelimited(s->crtc->dev->dev,
				     "connector %u: the backend did not present a picture in time (error %d); going on without\n",
				     s->channel.node, -ETIMEDOUT);
	}
	if (late > EVENT_TIMEOUT_NS) {
		s->backend_busy = false;
		if (s->inflight.op == XDF_SCANOUT_FLIP_ACCEPTED)
			scanout_finish(s, 0);
	}
	if (s->vblank_held)
		drm_crtc_vblank_put(s->crtc);
	s->vblank_held = false;
	due = scanout_asked_before(s);
	scanout_settle(s, due);
	if (s->wanted.event && !s->wanted.async && due)
		s->stats.missed++;
	xdf_crc_frame(s);
	scanout_advance(s);
}

static enum hrtimer_restart scanout_tick(struct hrtimer *timer)
{
	struct xdf_scanout *s = container_of(timer, struct xdf_scanout, timer);
	bool vblank = false;
	unsigned long flags;
	u64 now;

	xdf_channel_poll(&s->channel);
	spin_lock_irqsave(&s->lock, flags);
	now = ktime_get_ns();
	spin_lock(&s->vblank_lock);
	/* the event of a flip is about due, and is this vblank: wait a little for it */
	s->vblank_deferred = s->wanted.event && !s->wanted.async && !s->vblank_deferred &&
		s->up && !s->stalled && now >= s->vblank.next && scanout_expects_event(s);
	/* else an event was quicker, and was the vblank */
	if (s->ticking && !s->vblank_deferred)
		vblank = xdf_vblank_tick(&s->vblank, now);
	spin_unlock(&s->vblank_lock);
	/* after which DRM may not want them any more */
	if (vblank)
		scanout_vblank(s, now);
	spin_lock(&s->vblank_lock);
	scanout_start_timer(s, s->vblank_deferred ? now + s->vblank.period / 4 : s->vblank.next);
	spin_unlock(&s->vblank_lock);
	spin_unlock_irqrestore(&s->lock, flags);
	/* armed above */
	return HRTIMER_NORESTART;
}

/* Vblanks are wanted. Context: any, with DRM's vblank locks held. */
void xdf_scanout_start_vblanks(struct xdf_scanout *s)
{
	unsigned long flags;

	spin_lock_irqsave(&s->vblank_lock, flags);
	xdf_vblank_tick(&s->vblank, ktime_get_ns());
	s->ticking = true;
	scanout_start_timer(s, s->vblank.next);
	spin_unlock_irqrestore(&s->vblank_lock, flags);
}

/* Vblanks are not wanted; a tick that runs just now sees it for itself. Context: the same. */
void xdf_scanout_stop_vblanks(struct xdf_scanout *s)
{
	unsigned long flags;

	spin_lock_irqsave(&s->vblank_lock, flags);
	s->ticking = false;
	hrtimer_try_to_cancel(&s->timer);
	spin_unlock_irqrestore(&s->vblank_lock, flags);
}

/* When the last vblank was. Context: any, with DRM's vblank locks held. */
ktime_t xdf_scanout_vblank_time(struct xdf_scanout *s)
{
	unsigned long flags;
	u64 time;

	spin_lock_irqsave(&s->vblank_lock, flags);
	time = s->ticking ? s->vblank.time : xdf_vblank_last(&s->vblank, ktime_get_ns());
	spin_unlock_irqrestore(&s->vblank_lock, flags);
	return ns_to_ktime(time);
}

/* Shall be on, with this mode; @period in ns. The picture follows with xdf_scanout_show(). */
void xdf_scanout_enable(struct xdf_scanout *s, u32 width, u32 height, u64 period)
{
	spin_lock_irq(&s->lock);
	spin_lock(&s->vblank_lock);
	xdf_vblank_start(&s->vblank, period, ktime_get_ns());
	spin_unlock(&s->vblank_lock);
	s->wanted.enabled = true;
	s->wanted.width = width;
	s->wanted.height = height;
	s->wanted.mode_seq++;
	spin_unlock_irq(&s->lock);
}

/* There is always room for what is wanted. */
static void scanout_want(struct xdf_scanout *s, struct xdf_dbuf *dbuf)
{
	struct xdf_dbuf *old = s->wanted.dbuf;

	if (dbuf)
		atomic_inc(&dbuf->kept);
	if (old)
		atomic_dec(&old->kept);
	s->wanted.dbuf = xdf_dbuf_get(dbuf);
	xdf_dbuf_put(old);
}

/* Shall be off. */
void xdf_scanout_disable(struct xdf_scanout *s)
{
	spin_lock_irq(&s->lock);
	s->wanted.enabled = false;
	s->wanted.seq++;
	s->wanted.fb = NULL;
	scanout_want(s, NULL);
	if (s->vblank_held)
		drm_crtc_vblank_put(s->crtc);
	s->vblank_held = false;
	scanout_advance(s);
	spin_unlock_irq(&s->lock);
}

/*
 * Shall show this, or nothing. @event is sent when it is shown, if @async without
 * waiting for the vblank; the caller hands over a vblank reference with it.
 */
void xdf_scanout_show(struct xdf_scanout *s, struct xdf_dbuf *dbuf, const void *fb,
		      struct drm_pending_vblank_event *event, bool async)
{
	spin_lock_irq(&s->lock);
	scanout_want(s, dbuf);
	s->wanted.fb = fb;
	s->wanted.seq++;
	/* what was rejected for another picture may do for this one */
	s->asked = false;
	s->rejected = false;
	s->wanted.event = event;
	s->wanted.event_seq = s->wanted.seq;
	s->wanted.event_since = ktime_get_ns();
	s->wanted.async = async;
	scanout_advance(s);
	/* there is no vblank any more */
	if (s->ended)
		scanout_settle(s, true);
	spin_unlock_irq(&s->lock);
}

/* Was drawn to; another framebuffer than the wanted one is ignored. */
void xdf_scanout_damage(struct xdf_scanout *s, const void *fb)
{
	spin_lock_irq(&s->lock);
	if (s->wanted.enabled && s->wanted.fb == fb) {
		s->wanted.seq++;
		scanout_advance(s);
	}
	spin_unlock_irq(&s->lock);
}

/* A dbuf was attached, or could not be. Context: any but NMI. */
void xdf_scanout_kick(struct xdf_scanout *s)
{
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	scanout_advance(s);
	spin_unlock_irqrestore(&s->lock, flags);
}

/* Figures. */
void xdf_scanout_print(struct xdf_scanout *s, struct seq_file *m)
{
	typeof(s->stats) stats;
	unsigned int i;

	spin_lock_irq(&s->lock);
	stats = s->stats;
	spin_unlock_irq(&s->lock);

	seq_printf(m, "  flips: %llu\n  missed refreshes: %llu\n  timeouts: %llu\n", stats.flips,
		   stats.missed, stats.timeouts);
	seq_printf(m, "  rejected requests: %llu\n", stats.errors);
	seq_printf(m, "  stray events: %llu\n", stats.strays);
	seq_printf(m, "  checksums: %llu\n", READ_ONCE(s->crcs));
	seq_puts(m, "  flip latency:");
	for (i = 0; i < XDF_LATENCY_BUCKETS - 1; i++)
		seq_printf(m, " <%u ms: %llu,", 1 << i, stats.latency[i]);
	seq_printf(m, " longer: %llu\n", stats.latency[i]);
}

/* The panic screen was drawn. Context: the kernel panics, other CPUs stand, with any lock held. */
void xdf_scanout_panic(struct xdf_scanout *s)
{
	struct displif_req wire;

	if (!spin_trylock(&s->lock))
		return;
	if (s->up && s->shown.on && s->wanted.dbuf) {
		/* no interrupt tells of the end of the one on its way */
		if (s->inflight.op != XDF_SCANOUT_IDLE)
			mdelay(PANIC_MS);
		xdf_displif_start(&wire, DISPLIF_OP_PG_FLIP);
		wire.op.pg_flip.fb_cookie = s->wanted.dbuf->fb_cookie;
		xdf_channel_panic(&s->channel, &wire);
		/* the guest may be gone right after this */
		mdelay(PANIC_MS);
	}
	spin_unlock(&s->lock);
}

/* There is a backend; what is wanted is shown again, unless that connection was lost meanwhile. */
void xdf_scanout_up(struct xdf_scanout *s, u32 epoch)
{
	spin_lock_irq(&s->lock);
	s->up = READ_ONCE(s->channel.open) && READ_ONCE(s->channel.epoch) == epoch;
	s->inflight.rq.epoch = epoch;
	s->asked = false;
	s->rejected = false;
	s->backoff = 0;
	s->failed = XDF_SCANOUT_IDLE;
	s->flipless = false;
	scanout_advance(s);
	spin_unlock_irq(&s->lock);
}

/* xdf_channel.closed: flips go on at the pace of the vblanks. */
static void scanout_closed(struct xdf_channel *ch)
{
	struct xdf_scanout *s = container_of(ch, struct xdf_scanout, channel);

	spin_lock_irq(&s->lock);
	s->up = false;
	s->stalled = false;
	scanout_drop_shown(s);
	scanout_drop_inflight(s);
	spin_unlock_irq(&s->lock);
}

/* Off, no backend. */
void xdf_scanout_init(struct xdf_scanout *s, struct drm_crtc *crtc,
		      struct xdf_connector *connector, struct workqueue_struct *wq)
{
	s->crtc = crtc;
	s->connector = connector;
	s->wq = wq;
	s->inflight.rq.done = scanout_done;
	spin_lock_init(&s->lock);
	spin_lock_init(&s->vblank_lock);
	s->channel.event = scanout_event;
	s->channel.closed = scanout_closed;
	xdf_channel_init(&s->channel);
	xdf_crc_init(s);
	s->vblank.period = NSEC_PER_SEC / XDF_DEFAULT_HZ;
	hrtimer_setup(&s->timer, scanout_tick, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
}

/* The device goes: nothing ticks any more, whatever is committed yet. */
void xdf_scanout_fini(struct xdf_scanout *s)
{
	spin_lock_irq(&s->lock);
	spin_lock(&s->vblank_lock);
	s->ended = true;
	spin_unlock(&s->vblank_lock);
	scanout_settle(s, true);
	spin_unlock_irq(&s->lock);
	hrtimer_cancel(&s->timer);
}
