// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Framebuffers and states that must be rejected, and such that must not; and
 * whether a test-only commit says what the commit then does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xdf-guest.h"

static int cases, wrong;

#define ANY_ERROR (-1)
#define OK_OR_EINVAL (-2)

static void expect(const char *what, int err, int want)
{
	cases++;
	if (want == ANY_ERROR ? err != 0 :
	    want == OK_OR_EINVAL ? !err || err == EINVAL : err == want)
		return;
	wrong += fail("%s: %s, expected %s", what, err ? strerrorname_np(err) : "accepted",
		      want == ANY_ERROR ? "an error" : want == OK_OR_EINVAL ? "OK or EINVAL" :
		      want ? strerrorname_np(want) : "OK");
}

static uint32_t dumb(struct card *c, uint32_t w, uint32_t h, uint32_t bpp, uint32_t *pitch,
		     uint64_t *size)
{
	struct drm_mode_create_dumb create = { .width = w, .height = h, .bpp = bpp };

	if (drmIoctl(c->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		die("dumb buffer %ux%u: %s", w, h, strerror(errno));
	*pitch = create.pitch;
	*size = create.size;
	return create.handle;
}

static int add(struct card *c, uint32_t w, uint32_t h, uint32_t format, uint32_t handle,
	       uint32_t pitch, uint32_t offset)
{
	uint32_t handles[4] = { handle }, pitches[4] = { pitch }, offsets[4] = { offset }, fb;

	if (drmModeAddFB2(c->fd, w, h, format, handles, pitches, offsets, &fb, 0))
		return errno;
	drmModeRmFB(c->fd, fb);
	return 0;
}

static void framebuffers(struct card *c)
{
	uint64_t size;
	uint32_t pitch, h = dumb(c, 640, 480, 32, &pitch, &size), xr = DRM_FORMAT_XRGB8888;
	uint32_t over = size - (uint64_t)pitch * 480 + 4;
	uint32_t rg = DRM_FORMAT_RGB565, handles[4], pitches[4], offsets[4] = { 0 }, fb;
	uint64_t modifiers[4] = { 0 }, cap = 0;

	expect("exact size", add(c, 640, 480, xr, h, pitch, 0), 0);
	expect("smaller than the buffer", add(c, 320, 200, xr, h, pitch, 0), 0);
	expect("narrower pitch that fits", add(c, 320, 480, xr, h, 320 * 4, 0), 0);
	expect("pitch below the width", add(c, 640, 480, xr, h, 639 * 4, 0), EINVAL);
	expect("pitch 0", add(c, 640, 480, xr, h, 0, 0), EINVAL);
	expect("pitch over the buffer", add(c, 640, 480, xr, h, pitch + 64, 0), EINVAL);
	expect("pitch of 2^31", add(c, 640, 480, xr, h, 0x80000000, 0), ERANGE);
	expect("pitch of 2^32 - 4", add(c, 640, 480, xr, h, 0xfffffffc, 0), ERANGE);
	expect("pitch no multiple of the pixel", add(c, 320, 240, xr, h, 320 * 4 + 2, 0), EINVAL);
	/* lines that the wire cannot describe are copied */
	expect("pitch no multiple of 4", add(c, 320, 240, rg, h, 320 * 2 + 2, 0), 0);
	expect("16 bit in the same buffer", add(c, 640, 480, rg, h, 640 * 2, 0), 0);
	expect("offset over the buffer", add(c, 640, 480, xr, h, pitch, over), EINVAL);
	expect("offset of whole rows", add(c, 640, 240, xr, h, pitch, pitch * 240), OK_OR_EINVAL);
	expect("offset of a byte", add(c, 320, 240, xr, h, pitch, 1), EINVAL);
	expect("offset of 2^32 - 4096", add(c, 640, 480, xr, h, pitch, 0xfffff000), ERANGE);
	expect("one row too many", add(c, 640, size / pitch + 1, xr, h, pitch, 0), EINVAL);
	expect("one pixel too wide", add(c, 641, 480, xr, h, pitch, 0), EINVAL);
	expect("width 0", add(c, 0, 480, xr, h, pitch, 0), EINVAL);
	expect("height 0", add(c, 640, 0, xr, h, pitch, 0), EINVAL);
	expect("width beyond the card", add(c, c->res->max_width + 1, 1, xr, h, pitch, 0), EINVAL);
	expect("height beyond the card", add(c, 1, c->res->max_height + 1, xr, h, 4, 0), EINVAL);
	expect("no format", add(c, 640, 480, 0, h, pitch, 0), EINVAL);
	expect("unknown format", add(c, 640, 480, fourcc_code('Q', 'Q', 'Q', 'Q'), h, pitch, 0),
	       EINVAL);
	expect("8 bit format", add(c, 640, 480, DRM_FORMAT_C8, h, pitch, 0), EINVAL);
	expect("two plane format", add(c, 640, 480, DRM_FORMAT_NV12, h, pitch, 0), EINVAL);
	expect("handle 0", add(c, 640, 480, xr, 0, pitch, 0), EINVAL);
	expect("nobody's handle", add(c, 640, 480, xr, 0xdead, pitch, 0), ENOENT);

	for (int i = 0; i < 4; i++) {
		handles[i] = i ? 0 : h;
		pitches[i] = i ? 0 : pitch;
	}
	if (!drmGetCap(c->fd, DRM_CAP_ADDFB2_MODIFIERS, &cap) && cap) {
		expect("linear modifier",
		       drmModeAddFB2WithModifiers(c->fd, 640, 480, xr, handles, pitches, offsets,
						  modifiers, &fb, DRM_MODE_FB_MODIFIERS) ?
		       errno : (drmModeRmFB(c->fd, fb), 0), 0);
		modifiers[0] = I915_FORMAT_MOD_X_TILED;
		expect("tiled modifier",
		       drmModeAddFB2WithModifiers(c->fd, 640, 480, xr, handles, pitches, offsets,
						  modifiers, &fb, DRM_MODE_FB_MODIFIERS) ?
		       errno : (drmModeRmFB(c->fd, fb), 0), EINVAL);
	}

	expect("legacy, depth 24", drmModeAddFB(c->fd, 640, 480, 24, 32, pitch, h, &fb) ?
	       errno : (drmModeRmFB(c->fd, fb), 0), 0);
	expect("legacy, depth 8", drmModeAddFB(c->fd, 640, 480, 8, 8, pitch, h, &fb) ?
	       errno : (drmModeRmFB(c->fd, fb), 0), EINVAL);

	drmIoctl(c->fd, DRM_IOCTL_MODE_DESTROY_DUMB,
		 &(struct drm_mode_destroy_dumb){ .handle = h });
	expect("destroyed handle", add(c, 640, 480, xr, h, pitch, 0), ENOENT);
}

static void dumb_sizes(struct card *c)
{
	static const struct {
		const char *what;
		uint32_t w, h, bpp;
		int want;
	} sizes[] = {
		{ "dumb 0x480", 0, 480, 32, EINVAL },
		{ "dumb 640x0", 640, 0, 32, EINVAL },
		{ "dumb with 0 bits", 640, 480, 0, EINVAL },
		{ "dumb with 2^32 - 1 columns", 0xffffffff, 480, 32, EINVAL },
		{ "dumb with 2^32 - 1 rows", 640, 0xffffffff, 32, ANY_ERROR },
		{ "dumb with 2^32 - 1 bits", 640, 480, 0xffffffff, EINVAL },
		{ "dumb of 2^16 x 2^16", 65536, 65536, 32, ANY_ERROR },
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct drm_mode_create_dumb create = {
			.width = sizes[i].w, .height = sizes[i].h, .bpp = sizes[i].bpp,
		};
		int err = drmIoctl(c->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create) ? errno : 0;

		expect(sizes[i].what, err, sizes[i].want);
		if (!err)
			drmIoctl(c->fd, DRM_IOCTL_MODE_DESTROY_DUMB,
				 &(struct drm_mode_destroy_dumb){ .handle = create.handle });
	}
}

static void getfb(struct card *c, const struct opts *o)
{
	struct drm_mode_fb_cmd get = { 0 };
	struct drm_mode_fb_cmd2 get2 = { 0 };
	struct drm_gem_close gclose = { 0 };
	char path[32];
	struct buf b;
	int fd, ret;

	ret = buf_create(c, &b, 640, 480, DRM_FORMAT_XRGB8888, 16);
	if (ret)
		die("buffer: %s", strerror(-ret));

	get.fb_id = b.fb;
	expect("GETFB", drmIoctl(c->fd, DRM_IOCTL_MODE_GETFB, &get) ? errno : 0, 0);
	expect("GETFB: a handle for the master", get.handle ? 0 : ENOENT, 0);
	expect("GETFB: its size", get.width == 640 && get.height == 480 &&
	       get.pitch == b.pitch && get.bpp == 32 && get.depth == 24 ? 0 : EINVAL, 0);
	if (get.handle && get.handle != b.handle) {
		gclose.handle = get.handle;
		expect("GETFB: closing its handle",
		       drmIoctl(c->fd, DRM_IOCTL_GEM_CLOSE, &gclose) ? errno : 0, 0);
	}

	get2.fb_id = b.fb;
	expect("GETFB2", drmIoctl(c->fd, DRM_IOCTL_MODE_GETFB2, &get2) ? errno : 0, 0);
	expect("GETFB2: its size", get2.width == 640 && get2.height == 480 &&
	       get2.pixel_format == b.format && get2.pitches[0] == b.pitch &&
	       get2.handles[0] && !get2.handles[1] ? 0 : EINVAL, 0);

	get.fb_id = 0xdead;
	expect("GETFB of nothing", drmIoctl(c->fd, DRM_IOCTL_MODE_GETFB, &get) ? errno : 0, ENOENT);

	fd = card_open_fd(o, path, sizeof(path));
	expect("RmFB by somebody else", drmModeRmFB(fd, b.fb) ? errno : 0, ENOENT);
	drmClose(fd);

	expect("RmFB", drmModeRmFB(c->fd, b.fb) ? errno : 0, 0);
	expect("RmFB again", drmModeRmFB(c->fd, b.fb) ? errno : 0, ENOENT);
	b.fb = 0;
	buf_destroy(c, &b);
}

static void legacy_sizes(struct card *c, struct output *h)
{
	struct buf good, small, other;
	uint32_t hd = h->mode.hdisplay, vd = h->mode.vdisplay;

	if (buf_create(c, &good, hd, vd, DRM_FORMAT_XRGB8888, 0) ||
	    buf_create(c, &small, hd - 1, vd, DRM_FORMAT_XRGB8888, 0) ||
	    buf_create(c, &other, hd, vd, DRM_FORMAT_RGB565, 0))
		die("buffers for %ux%u: %s", hd, vd, strerror(errno));

	expect("SETCRTC with a framebuffer too small", -output_set(c, h, small.fb), ENOSPC);
	expect("SETCRTC", -output_set(c, h, good.fb), 0);
	expect("flip to a framebuffer too small",
	       drmModePageFlip(c->fd, h->crtc, small.fb, 0, NULL) ? errno : 0, ENOSPC);
	expect("flip to another format",
	       drmModePageFlip(c->fd, h->crtc, other.fb, 0, NULL) ? errno : 0, EINVAL);
	expect("flip of nobody's framebuffer",
	       drmModePageFlip(c->fd, h->crtc, 0xdead, 0, NULL) ? errno : 0, ENOENT);
	expect("flip with unknown flags",
	       drmModePageFlip(c->fd, h->crtc, good.fb, 0x8000, NULL) ? errno : 0, EINVAL);
	output_off(c, h);
	expect("flip while off",
	       drmModePageFlip(c->fd, h->crtc, good.fb, 0, NULL) ? errno : 0, ANY_ERROR);
	buf_destroy(c, &other);
	buf_destroy(c, &small);
	buf_destroy(c, &good);
}

enum state_kind {
	S_SAME, S_SMALL_FB, S_CROP, S_PAN, S_SCALE, S_MOVED, S_NO_PLANE, S_FORMAT,
	S_ODD_MODE, S_FAST_MODE, S_BROKEN_MODE, S_NO_CONN, S_NO_MODE, S_OFF, S_HALF_OFF, S_KINDS
};

static const char * const state_names[S_KINDS] = {
	"the same again", "a framebuffer too small", "a cropped framebuffer", "panning",
	"scaling", "a plane out of place", "no plane", "another format", "a mode of userspace's",
	"a mode with the largest clock", "a mode without totals", "no connector", "no mode",
	"off", "off with a plane left",
};

static int commit_state(struct card *c, struct output *h, struct buf *b, int kind, uint32_t flags)
{
	drmModeAtomicReqPtr req = drmModeAtomicAlloc();
	uint32_t P = DRM_MODE_OBJECT_PLANE, C = DRM_MODE_OBJECT_CRTC, N = DRM_MODE_OBJECT_CONNECTOR;
	drmModeModeInfo mode = h->mode;
	uint32_t blob = 0;
	int ret;

	if (!req)
		die("no memory for an atomic request");
	if (kind == S_ODD_MODE) {
		mode.hdisplay = mode.hdisplay / 2 + 1;
		mode.vdisplay = mode.vdisplay / 2 + 1;
		mode.type = DRM_MODE_TYPE_USERDEF;
	} else if (kind == S_FAST_MODE) {
		mode.clock = 0x7fffffff;
	} else if (kind == S_BROKEN_MODE) {
		mode.htotal = mode.vtotal = 0;
	}

	/* The kernel may already reject the mode as a blob; that counts, too. */
	if (drmModeCreatePropertyBlob(c->fd, &mode, sizeof(mode), &blob))
		die("no property blob for a mode: %s", strerror(errno));

	req_prop(c, req, h->conn, N, "CRTC_ID", kind == S_NO_CONN ? 0 : h->crtc);
	req_prop(c, req, h->crtc, C, "MODE_ID", kind == S_NO_MODE ? 0 : blob);
	req_prop(c, req, h->crtc, C, "ACTIVE", kind != S_OFF && kind != S_HALF_OFF);
	req_plane(c, req, h, kind == S_NO_PLANE ? 0 : b->fb);
	if (kind == S_CROP || kind == S_SCALE) {
		req_prop(c, req, h->plane, P, "SRC_W", (uint64_t)(mode.hdisplay / 2) << 16);
		if (kind == S_CROP)
			req_prop(c, req, h->plane, P, "CRTC_W", mode.hdisplay / 2);
	}
	if (kind == S_PAN)
		req_prop(c, req, h->plane, P, "SRC_X", 8 << 16);
	if (kind == S_MOVED)
		req_prop(c, req, h->plane, P, "CRTC_X", 10);
	if (kind == S_ODD_MODE) {
		req_prop(c, req, h->plane, P, "SRC_W", (uint64_t)mode.hdisplay << 16);
		req_prop(c, req, h->plane, P, "SRC_H", (uint64_t)mode.vdisplay << 16);
		req_prop(c, req, h->plane, P, "CRTC_W", mode.hdisplay);
		req_prop(c, req, h->plane, P, "CRTC_H", mode.vdisplay);
	}

	ret = drmModeAtomicCommit(c->fd, req, flags | DRM_MODE_ATOMIC_ALLOW_MODESET, NULL) ?
	      errno : 0;
	drmModeAtomicFree(req);
	drmModeDestroyPropertyBlob(c->fd, blob);
	return ret;
}

static void states(struct card *c, struct output *h)
{
	uint32_t hd = h->mode.hdisplay, vd = h->mode.vdisplay;
	struct buf good, small, wide, other;

	if (buf_create(c, &good, hd, vd, DRM_FORMAT_XRGB8888, 0) ||
	    buf_create(c, &small, hd / 2, vd / 2, DRM_FORMAT_XRGB8888, 0) ||
	    buf_create(c, &wide, hd + 32, vd, DRM_FORMAT_XRGB8888, 0) ||
	    buf_create(c, &other, hd, vd, DRM_FORMAT_RGB565, 0))
		die("buffers for %ux%u: %s", hd, vd, strerror(errno));

	for (int kind = 0; kind < S_KINDS; kind++) {
		struct buf *b = kind == S_SMALL_FB ? &small : kind == S_PAN ? &wide :
				kind == S_FORMAT ? &other : &good;
		int test, real;

		if (output_set_atomic(c, h, good.fb))
			die("before '%s': setting the mode: %s", state_names[kind],
			    strerror(errno));
		test = commit_state(c, h, b, kind, DRM_MODE_ATOMIC_TEST_ONLY);
		real = commit_state(c, h, b, kind, 0);
		say("state.%s=%s", state_names[kind], real ? strerrorname_np(real) : "OK");
		cases++;
		if (test != real)
			wrong += fail("%s: test-only says %s, the commit %s", state_names[kind],
				      test ? strerrorname_np(test) : "OK",
				      real ? strerrorname_np(real) : "OK");
		switch (kind) {
		case S_SAME:
		case S_OFF:
			expect(state_names[kind], real, 0);
			break;
		case S_SMALL_FB:
		case S_SCALE:
		case S_NO_CONN:
		case S_NO_MODE:
		case S_BROKEN_MODE:
		case S_FAST_MODE:
			expect(state_names[kind], real, ANY_ERROR);
			break;
		}
	}
	output_off(c, h);
	buf_destroy(c, &other);
	buf_destroy(c, &wide);
	buf_destroy(c, &small);
	buf_destroy(c, &good);
}

int cmd_addfb(const struct opts *o)
{
	struct card c;

	card_open(&c, o);
	card_outputs(&c, o);
	framebuffers(&c);
	dumb_sizes(&c);
	getfb(&c, o);
	legacy_sizes(&c, &c.outputs[0]);
	if (c.outputs[0].plane)
		states(&c, &c.outputs[0]);
	card_close(&c);
	say("cases=%d", cases);
	say("wrong=%d", wrong);
	return wrong ? 1 : 0;
}
