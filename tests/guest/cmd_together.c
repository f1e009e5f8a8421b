// SPDX-License-Identifier: GPL-2.0 OR MIT
/* One process over all outputs: each change of all of them is one atomic commit. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "xdf-guest.h"

static unsigned int events[MAX_OUTPUTS];
static struct card card;
static int bad;

static void on_flip(int fd, unsigned int seq, unsigned int sec, unsigned int usec,
		    unsigned int crtc, void *user)
{
	for (int i = 0; i < card.noutputs; i++) {
		if (card.outputs[i].crtc == crtc) {
			events[i]++;
			return;
		}
	}
	bad += fail("event for CRTC %u, which nobody flipped", crtc);
}

static drmModeAtomicReqPtr request(void)
{
	drmModeAtomicReqPtr req = drmModeAtomicAlloc();

	if (!req)
		die("no memory for an atomic request");
	return req;
}

/* What a test accepts, the commit that follows has to do. */
static int commit(drmModeAtomicReqPtr req, uint32_t flags)
{
	uint32_t test = DRM_MODE_ATOMIC_TEST_ONLY | (flags & DRM_MODE_ATOMIC_ALLOW_MODESET);

	if (drmModeAtomicCommit(card.fd, req, test, NULL))
		return fail("tested only: %s", strerror(errno));
	if (drmModeAtomicCommit(card.fd, req, flags, NULL))
		return fail("accepted by a test, rejected in earnest: %s", strerror(errno));
	return 0;
}

static int set_all(struct buf (*bufs)[2])
{
	drmModeAtomicReqPtr req = request();
	uint32_t blobs[MAX_OUTPUTS];
	int ret;

	for (int i = 0; i < card.noutputs; i++) {
		blobs[i] = req_mode(&card, req, &card.outputs[i]);
		req_plane(&card, req, &card.outputs[i], bufs[i][0].fb);
	}
	ret = commit(req, DRM_MODE_ATOMIC_ALLOW_MODESET);
	drmModeAtomicFree(req);
	for (int i = 0; i < card.noutputs; i++)
		drmModeDestroyPropertyBlob(card.fd, blobs[i]);
	return ret;
}

static int flip_all(struct buf (*bufs)[2], unsigned int n, const struct opts *o)
{
	drmEventContext ctx = { .version = 3, .page_flip_handler2 = on_flip };
	struct pollfd pfd = { .fd = card.fd, .events = POLLIN };
	drmModeAtomicReqPtr req = request();
	double end = now_s() + o->timeout_ms / 1000.0;
	int waiting, ret;

	for (int i = 0; i < card.noutputs; i++)
		req_prop(&card, req, card.outputs[i].plane, DRM_MODE_OBJECT_PLANE, "FB_ID",
			 bufs[i][n % 2].fb);
	ret = commit(req, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT);
	drmModeAtomicFree(req);
	if (ret)
		return ret;
	do {
		waiting = 0;
		for (int i = 0; i < card.noutputs; i++)
			waiting += events[i] < n;
		if (!waiting)
			return bad;
		if (now_s() > end)
			return fail("commit %u: no event from %d outputs", n, waiting);
		if (poll(&pfd, 1, 1000) == 1 && drmHandleEvent(card.fd, &ctx))
			return fail("reading events: %s", strerror(errno));
	} while (!bad);
	return 1;
}

int cmd_together(const struct opts *o)
{
	unsigned int n, count = o->count ?: 10;
	static struct buf bufs[MAX_OUTPUTS][2];
	struct opts atomic = *o;

	atomic.atomic = true;
	card_open(&card, &atomic);
	card_outputs(&card, o);
	for (int i = 0; i < card.noutputs; i++) {
		struct output *h = &card.outputs[i];

		for (int b = 0; b < 2; b++) {
			int ret = buf_create(&card, &bufs[i][b], h->mode.hdisplay, h->mode.vdisplay,
					     o->format, o->pad);

			if (ret)
				return fail("connector %d: buffer: %s", h->index, strerror(-ret));
			say("conn%d.crc%d=%08x", h->index, b,
			    buf_fill(&bufs[i][b], o, o->seed + 2 * h->index + b));
		}
	}
	if (set_all(bufs))
		return 1;
	for (n = 1; n <= count; n++)
		if (flip_all(bufs, n, o))
			return 1;
	for (int i = 0; i < card.noutputs; i++) {
		say("conn%d.events=%u", card.outputs[i].index, events[i]);
		if (events[i] != count)
			bad += fail("connector %d: %u events of %u commits", card.outputs[i].index,
				    events[i], count);
	}
	say("front=%u", count % 2);
	if (o->hold && !bad)
		hold_in_background();
	card_close(&card);
	return !!bad;
}
