// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Drawing into the framebuffer on the screen, and saying so. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xdf-guest.h"

static uint8_t *shadow;		/* what has to be on the screen */
static size_t row_bytes;

static void draw_rect(struct buf *b, drmModeClip *r, uint32_t seed)
{
	unsigned int cpp = format_cpp(b->format);
	size_t len = (size_t)(r->x2 - r->x1) * cpp;

	for (unsigned int y = r->y1; y < r->y2; y++) {
		uint8_t *row = shadow + y * row_bytes + r->x1 * cpp;

		pattern_row(row, len, seed, y);
		memcpy(b->map + (size_t)y * b->pitch + r->x1 * cpp, row, len);
	}
}

static void pick_rect(struct buf *b, drmModeClip *r, uint32_t n)
{
	unsigned int w = b->width < 16 ? b->width : 16;
	unsigned int h = b->height < 16 ? b->height : 16;

	r->x1 = n * 37 % (b->width - w + 1);
	r->y1 = n * 53 % (b->height - h + 1);
	r->x2 = r->x1 + w;
	r->y2 = r->y1 + h;
}

static int commit_damage(struct card *c, struct output *h, struct buf *b, drmModeClip *clips, int n)
{
	drmModeAtomicReqPtr req = drmModeAtomicAlloc();
	struct drm_mode_rect rects[8];
	uint32_t blob;
	int ret;

	if (!req)
		die("no memory for an atomic request");
	for (int i = 0; i < n; i++)
		rects[i] = (struct drm_mode_rect){ clips[i].x1, clips[i].y1,
						   clips[i].x2, clips[i].y2 };
	if (drmModeCreatePropertyBlob(c->fd, rects, n * sizeof(rects[0]), &blob))
		return -errno;
	req_prop(c, req, h->plane, DRM_MODE_OBJECT_PLANE, "FB_ID", b->fb);
	req_prop(c, req, h->plane, DRM_MODE_OBJECT_PLANE, "FB_DAMAGE_CLIPS", blob);
	ret = drmModeAtomicCommit(c->fd, req, 0, NULL);
	if (ret)
		ret = -errno;
	drmModeAtomicFree(req);
	drmModeDestroyPropertyBlob(c->fd, blob);
	return ret;
}

int cmd_damage(const struct opts *o)
{
	unsigned int burst = o->count ?: 300;
	drmModeClip clips[4];
	uint32_t seed = o->seed, crc;
	struct output *h;
	struct buf b;
	struct card c;
	double start;
	int ret;

	card_open(&c, o);
	card_outputs(&c, o);
	h = &c.outputs[0];
	ret = buf_create(&c, &b, h->mode.hdisplay, h->mode.vdisplay, o->format, o->pad);
	if (ret)
		return fail("buffer: %s", strerror(-ret));
	crc = buf_fill(&b, o, seed);

	row_bytes = (size_t)b.width * format_cpp(b.format);
	shadow = malloc(row_bytes * b.height);
	if (!shadow)
		return fail("no memory for %zu bytes", row_bytes * b.height);
	for (unsigned int y = 0; y < b.height; y++)
		pattern_row(shadow + y * row_bytes, row_bytes, seed, y);
	if (crc != crc32_add(0, shadow, row_bytes * b.height))
		return fail("the pattern differs from itself");

	ret = output_set(&c, h, b.fb);
	if (ret)
		return fail("setting the mode: %s", strerror(-ret));

	/* Some clips, none (all of it), and the atomic way. */
	for (int i = 0; i < 4; i++) {
		pick_rect(&b, &clips[i], i + 1);
		draw_rect(&b, &clips[i], ++seed);
	}
	if (drmModeDirtyFB(c.fd, b.fb, clips, 4))
		return fail("DIRTYFB with 4 clips: %s", strerror(errno));
	pick_rect(&b, &clips[0], 9);
	draw_rect(&b, &clips[0], ++seed);
	if (drmModeDirtyFB(c.fd, b.fb, NULL, 0))
		return fail("DIRTYFB without clips: %s", strerror(errno));

	if (h->plane && prop_id(c.fd, h->plane, DRM_MODE_OBJECT_PLANE, "FB_DAMAGE_CLIPS", NULL)) {
		for (int i = 0; i < 4; i++) {
			pick_rect(&b, &clips[i], i + 20);
			draw_rect(&b, &clips[i], ++seed);
		}
		ret = commit_damage(&c, h, &b, clips, 4);
		if (ret)
			return fail("commit with FB_DAMAGE_CLIPS: %s", strerror(-ret));
		say("damage_clips=1");
	} else {
		say("damage_clips=0");
	}

	/* A terminal that scrolls: far more updates than refreshes. */
	sleep_ms(200);
	say("burst_begins=1");
	start = now_s();
	for (unsigned int i = 0; i < burst; i++) {
		pick_rect(&b, &clips[0], i + 100);
		draw_rect(&b, &clips[0], ++seed);
		if (drmModeDirtyFB(c.fd, b.fb, clips, 1))
			return fail("DIRTYFB %u of the burst: %s", i, strerror(errno));
	}
	start = now_s() - start;
	say("burst=%u", burst);
	say("burst_seconds=%.3f", start);
	say("conn%d.crc=%08x", h->index, crc32_add(0, shadow, row_bytes * b.height));

	if (o->hold)
		hold_in_background();
	sleep_ms(200);
	output_off(&c, h);
	buf_destroy(&c, &b);
	card_close(&c);
	free(shadow);
	return 0;
}
