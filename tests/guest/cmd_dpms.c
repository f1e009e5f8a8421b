// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The screen off and on with its framebuffer kept. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xdf-guest.h"

static int set_active(struct card *c, struct output *h, int on)
{
	drmModeAtomicReqPtr req = drmModeAtomicAlloc();
	int ret;

	if (!req)
		die("no memory for an atomic request");
	req_prop(c, req, h->crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", on);
	ret = drmModeAtomicCommit(c->fd, req, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL);
	if (ret)
		ret = -errno;
	drmModeAtomicFree(req);
	return ret;
}

static int set_fb(struct card *c, struct output *h, uint32_t fb, uint32_t flags)
{
	drmModeAtomicReqPtr req = drmModeAtomicAlloc();
	int ret;

	if (!req)
		die("no memory for an atomic request");
	req_prop(c, req, h->plane, DRM_MODE_OBJECT_PLANE, "FB_ID", fb);
	ret = drmModeAtomicCommit(c->fd, req, flags, NULL);
	if (ret)
		ret = -errno;
	drmModeAtomicFree(req);
	return ret;
}

static int legacy_dpms(struct card *c, struct output *h, uint64_t level)
{
	uint32_t id = prop_id(c->fd, h->conn, DRM_MODE_OBJECT_CONNECTOR, "DPMS", NULL);

	if (!id)
		die("connector %d has no DPMS property", h->index);
	if (drmModeConnectorSetProperty(c->fd, h->conn, id, level))
		return -errno;
	return 0;
}

static int one_cycle(struct card *c, struct output *h, struct buf *bufs, int n)
{
	struct buf *shown = &bufs[n & 1], *next = &bufs[!(n & 1)];
	int ret;

	/* Legacy: everything below off is off. */
	ret = legacy_dpms(c, h, n % 3 == 0 ? DRM_MODE_DPMS_OFF :
			  n % 3 == 1 ? DRM_MODE_DPMS_STANDBY : DRM_MODE_DPMS_SUSPEND);
	if (ret)
		return fail("cycle %d: legacy off: %s", n, strerror(-ret));
	/* An old desktop flips and draws on; nothing of it may reach the wire. */
	if (!drmModePageFlip(c->fd, h->crtc, next->fb, DRM_MODE_PAGE_FLIP_EVENT, NULL))
		return fail("cycle %d: a flip with the screen off was accepted", n);
	drmModeDirtyFB(c->fd, shown->fb, NULL, 0);
	ret = legacy_dpms(c, h, DRM_MODE_DPMS_ON);
	if (ret)
		return fail("cycle %d: legacy on: %s", n, strerror(-ret));

	/* Atomic, with a new framebuffer while the screen is off. */
	ret = set_active(c, h, 0);
	if (ret)
		return fail("cycle %d: ACTIVE=0: %s", n, strerror(-ret));
	ret = set_fb(c, h, next->fb, 0);
	if (ret)
		return fail("cycle %d: framebuffer with the screen off: %s", n, strerror(-ret));
	ret = set_fb(c, h, next->fb, DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_ATOMIC_NONBLOCK);
	if (!ret)
		return fail("cycle %d: an event was promised with the screen off", n);
	ret = set_active(c, h, 1);
	if (ret)
		return fail("cycle %d: ACTIVE=1: %s", n, strerror(-ret));

	return 0;
}

int cmd_dpms(const struct opts *o)
{
	int cycles = o->cycles ?: 5, ret;
	struct buf bufs[2];
	uint32_t crc[2];
	struct output *h;
	struct card c;

	card_open(&c, o);
	card_outputs(&c, o);
	h = &c.outputs[0];
	if (!h->plane)
		return fail("no primary plane for connector %d", h->index);

	for (int i = 0; i < 2; i++) {
		ret = buf_create(&c, &bufs[i], h->mode.hdisplay, h->mode.vdisplay, o->format, o->pad);
		if (ret)
			return fail("buffer: %s", strerror(-ret));
		crc[i] = buf_fill(&bufs[i], o, o->seed + i);
	}
	ret = output_set(&c, h, bufs[0].fb);
	if (ret)
		return fail("setting the mode: %s", strerror(-ret));

	for (int n = 0; n < cycles; n++)
		if (one_cycle(&c, h, bufs, n))
			return 1;

	say("cycles=%d", cycles);
	say("conn%d.crc=%08x", h->index, crc[cycles & 1]);
	if (o->hold)
		hold_in_background();
	ret = output_off(&c, h);
	if (ret)
		return fail("switching off: %s", strerror(-ret));
	for (int i = 0; i < 2; i++)
		buf_destroy(&c, &bufs[i]);
	card_close(&c);
	return 0;
}
