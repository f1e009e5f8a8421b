// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Vblank waits, counters and events against the clock. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>

#include "xdf-guest.h"

static uint64_t got_seq;
static uint64_t got_ns;
static uint64_t got_user;
static int got;

static void on_sequence(int fd, uint64_t seq, uint64_t ns, uint64_t user)
{
	got++;
	got_seq = seq;
	got_ns = ns;
	got_user = user;
}

static int wait_vblank(struct card *c, struct output *h, uint32_t type, uint32_t seq,
		       drmVBlankReply *reply)
{
	drmVBlank v = { .request = { .type = type, .sequence = seq } };

	v.request.type |= (h->pipe << DRM_VBLANK_HIGH_CRTC_SHIFT) & DRM_VBLANK_HIGH_CRTC_MASK;
	if (drmWaitVBlank(c->fd, &v))
		return -errno;
	*reply = v.reply;
	return 0;
}

static double ts_of(const drmVBlankReply *r)
{
	return r->tval_sec + r->tval_usec / 1e6;
}

static int check_output(struct card *c, struct output *h, const struct opts *o)
{
	unsigned int count = o->count ?: 120;
	double rate = o->rate, want, start, end;
	drmEventContext ctx = { .version = 4, .sequence_handler = on_sequence };
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	drmVBlankReply first = { 0 }, r = { 0 }, prev = { 0 };
	unsigned int skipped = 0;
	uint64_t seq, ns, queued;
	int ret;

	want = h->mode.clock * 1000.0 / h->mode.htotal / h->mode.vtotal;
	if (!rate)
		rate = want;

	for (unsigned int i = 0; i <= count; i++) {
		ret = wait_vblank(c, h, DRM_VBLANK_RELATIVE, 1, &r);
		if (ret)
			return fail("connector %d: wait %u: %s", h->index, i, strerror(-ret));
		if (!i) {
			first = r;
		} else {
			if ((int32_t)(r.sequence - prev.sequence) <= 0)
				return fail("connector %d: vblank %u after %u", h->index,
					    r.sequence, prev.sequence);
			if (ts_of(&r) <= ts_of(&prev))
				return fail("connector %d: time %.6f after %.6f", h->index,
					    ts_of(&r), ts_of(&prev));
			skipped += r.sequence - prev.sequence - 1;
		}
		if (fabs(now_s() - ts_of(&r)) > 0.5)
			return fail("connector %d: vblank time %.6f, now %.6f", h->index,
				    ts_of(&r), now_s());
		prev = r;
	}

	end = (r.sequence - first.sequence) / (ts_of(&r) - ts_of(&first));
	say("conn%d.rate=%.2f", h->index, end);
	say("conn%d.mode_rate=%.2f", h->index, want);
	say("conn%d.skipped=%u", h->index, skipped);
	if (fabs(end - rate) > rate * o->tolerance / 100)
		return fail("connector %d: %.2f vblanks/s, expected %.2f +- %.0f %%", h->index,
			    end, rate, o->tolerance);

	/* The counter goes on between looks, at the same rate. */
	if (drmCrtcGetSequence(c->fd, h->crtc, &seq, &ns))
		return fail("connector %d: CRTC_GET_SEQUENCE: %s", h->index, strerror(errno));
	if ((uint32_t)seq - r.sequence > 1000)
		return fail("connector %d: sequence %llu after vblank %u", h->index,
			    (unsigned long long)seq, r.sequence);
	start = ns / 1e9;
	sleep_ms(500);
	queued = seq;
	if (drmCrtcGetSequence(c->fd, h->crtc, &seq, &ns))
		return fail("connector %d: CRTC_GET_SEQUENCE: %s", h->index, strerror(errno));
	end = ns / 1e9;
	if (seq <= queued || end <= start)
		return fail("connector %d: the counter stands at %llu", h->index,
			    (unsigned long long)seq);
	say("conn%d.idle_rate=%.2f", h->index, (seq - queued) / (end - start));
	if (fabs((seq - queued) / (end - start) - rate) > rate * o->tolerance / 100 + 2)
		return fail("connector %d: %.2f vblanks/s while nobody waits", h->index,
			    (seq - queued) / (end - start));

	/* An event for a given vblank. */
	got = 0;
	if (drmCrtcQueueSequence(c->fd, h->crtc, DRM_CRTC_SEQUENCE_RELATIVE, 3, &queued, 0x1234567))
		return fail("connector %d: CRTC_QUEUE_SEQUENCE: %s", h->index, strerror(errno));
	if (poll(&pfd, 1, o->timeout_ms) != 1 || drmHandleEvent(c->fd, &ctx) || got != 1)
		return fail("connector %d: no event for vblank %llu", h->index,
			    (unsigned long long)queued);
	if (got_user != 0x1234567 || got_seq < queued)
		return fail("connector %d: event for vblank %llu with data %llx, expected %llu", h->index,
			    (unsigned long long)got_seq, (unsigned long long)got_user,
			    (unsigned long long)queued);

	/* One long past is answered at once. */
	start = now_s();
	ret = wait_vblank(c, h, DRM_VBLANK_ABSOLUTE, first.sequence, &r);
	if (ret || now_s() - start > 0.5)
		return fail("connector %d: a vblank of the past took %.3f s: %s", h->index,
			    now_s() - start, strerror(-ret));
	return 0;
}

int cmd_vblank(const struct opts *o)
{
	struct buf bufs[MAX_OUTPUTS];
	drmVBlankReply r;
	struct card c;
	int ret;

	card_open(&c, o);
	card_outputs(&c, o);
	for (int i = 0; i < c.noutputs; i++) {
		struct output *h = &c.outputs[i];

		ret = buf_create(&c, &bufs[i], h->mode.hdisplay, h->mode.vdisplay, o->format, 0);
		if (ret)
			return fail("buffer: %s", strerror(-ret));
		buf_fill(&bufs[i], o, o->seed + h->index);
		ret = output_set(&c, h, bufs[i].fb);
		if (ret)
			return fail("setting the mode: %s", strerror(-ret));
	}
	for (int i = 0; i < c.noutputs; i++)
		if (check_output(&c, &c.outputs[i], o))
			return 1;

	for (int i = 0; i < c.noutputs; i++) {
		output_off(&c, &c.outputs[i]);
		buf_destroy(&c, &bufs[i]);
	}
	/* Off means no vblanks; a wait must not hang. */
	ret = wait_vblank(&c, &c.outputs[0], DRM_VBLANK_RELATIVE, 1, &r);
	if (!ret)
		return fail("a vblank came from a screen that is off");
	say("off=%s", strerrorname_np(-ret));
	card_close(&c);
	return 0;
}
