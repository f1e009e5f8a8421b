// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/delay.h>
#include <linux/slab.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_modeset_helper.h>
#include <drm/drm_print.h>

#include "xdf_fb.h"

/* What was last shown of it on a CRTC: two parts, for those who alternate. */
#define XDF_FB_PARTS	2

struct xdf_fb {
	struct drm_framebuffer base;
	struct xdf_dbuf *full;		/* all of it */
	ktime_t paced;			/* when xdf_fb_pace() returned last */
	/* XDF_FB_PARTS for each CRTC that shows less, latest first; under xdf_dbufs.lock */
	struct xdf_dbuf *part[];
};

#define to_xdf_fb(f)	container_of(f, struct xdf_fb, base)

static unsigned int fb_parts(const struct drm_device *drm)
{
	return drm->mode_config.num_crtc * XDF_FB_PARTS;
}

void xdf_fb_destroy(struct drm_framebuffer *base)
{
	struct xdf_fb *fb = to_xdf_fb(base);
	unsigned int i;

	for (i = 0; i < fb_parts(base->dev); i++)
		xdf_dbuf_put(fb->part[i]);
	xdf_dbuf_put(fb->full);
	drm_framebuffer_cleanup(base);
	drm_gem_object_put(base->obj[0]);
	kfree(fb);
}

/* A part of a framebuffer may have been drawn to. */
static int fb_update_dbuf(struct xdf_fb *fb, struct xdf_dbuf *d, const struct drm_rect *damage)
{
	const struct xdf_layout *l = &d->layout;
	u32 start = l->offset - fb->base.offsets[0];
	struct drm_rect area, rect = *damage;

	drm_rect_init(&area, start % l->pitch / l->cpp, start / l->pitch, l->width, l->height);
	if (!drm_rect_intersect(&rect, &area))
		return 0;
	drm_rect_translate(&rect, -area.x1, -area.y1);
	return xdf_dbuf_update(d, &rect);
}

/*
 * A framebuffer has been drawn to, in @clips or, without any, everywhere. Shadows
 * are brought up to date; outputs that show it are the caller's to tell.
 * Return: 0, or a negative errno as of xdf_dbuf_update().
 */
int xdf_fb_update(struct drm_framebuffer *base, const struct drm_clip_rect *clips,
		  unsigned int count)
{
	const struct drm_clip_rect all = { .x2 = base->width, .y2 = base->height };
	struct drm_rect damage = { .x1 = base->width, .y1 = base->height };
	struct xdf_fb *fb = to_xdf_fb(base);
	struct xdf_dbuf *part;
	unsigned int i;
	int ret;

	if (!count) {
		clips = &all;
		count = 1;
	}
	for (i = 0; i < count; i++) {
		damage.x1 = min_t(int, damage.x1, clips[i].x1);
		damage.y1 = min_t(int, damage.y1, clips[i].y1);
		damage.x2 = max_t(int, damage.x2, clips[i].x2);
		damage.y2 = max_t(int, damage.y2, clips[i].y2);
	}
	ret = fb_update_dbuf(fb, fb->full, &damage);
	for (i = 0; !ret && i < fb_parts(base->dev); i++) {
		spin_lock_irq(&fb->full->dbufs->lock);
		part = xdf_dbuf_get(fb->part[i]);
		spin_unlock_irq(&fb->full->dbufs->lock);
		if (part)
			ret = fb_update_dbuf(fb, part, &damage);
		xdf_dbuf_put(part);
	}
	return ret;
}

/*
 * Returns at once, or, when it did so less than a refresh ago, after one: what is
 * drawn meanwhile is one update then.
 * Context: may sleep; one caller at a time.
 */
void xdf_fb_pace(struct drm_framebuffer *base)
{
	struct xdf_fb *fb = to_xdf_fb(base);
	s64 us = USEC_PER_SEC / XDF_DEFAULT_HZ - ktime_us_delta(ktime_get(), fb->paced);

	if (us > 0)
		usleep_range(us, us + USEC_PER_MSEC);
	fb->paced = ktime_get();
}

/* The buffer of that handle, if the picture lies in it; to be put. */
static struct drm_gem_object *fb_lookup(struct drm_device *drm, struct drm_file *file, u32 handle,
					const struct xdf_layout *layout)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);

	if (!obj) {
		drm_dbg_kms(drm, "no buffer with handle %u\n", handle);
		return ERR_PTR(-ENOENT);
	}
	if (!xdf_layout_fits(layout, to_xdf_gem(obj)->limit))
		return obj;
	drm_dbg_kms(drm,
		    "%ux%u, pitch %u, offset %u does not fit a buffer of %zu bytes\n",
		    layout->width, layout->height, layout->pitch, layout->offset,
		    to_xdf_gem(obj)->limit);
	drm_gem_object_put(obj);
	return ERR_PTR(-EINVAL);
}

/*
 * A linear framebuffer, and its whole picture made known. Waits for the backend's
 * answer, killably: an error is to be heard now, not at some commit.
 */
struct drm_framebuffer *
xdf_fb_create(struct xdf_dbufs *dbufs, struct drm_file *file, const struct drm_format_info *info,
	      const struct drm_mode_fb_cmd2 *cmd, const struct drm_framebuffer_funcs *funcs)
{
	struct xdf_layout layout = {
		.width = cmd->width,
		.height = cmd->height,
		.pitch = cmd->pitches[0],
		.offset = cmd->offsets[0],
		.cpp = info->cpp[0],
	};
	struct drm_device *drm = dbufs->drm;
	struct drm_gem_object *obj;
	struct xdf_fb *fb;
	int ret;

	fb = kzalloc(struct_size(fb, part, fb_parts(drm)), GFP_KERNEL);
	if (!fb)
		return ERR_PTR(-ENOMEM);
	obj = fb_lookup(drm, file, cmd->handles[0], &layout);
	ret = PTR_ERR_OR_ZERO(obj);
	if (ret)
		goto err_free;
	drm_helper_mode_fill_fb_struct(drm, &fb->base, info, cmd);
	fb->base.obj[0] = obj;

	fb->full = xdf_dbuf_create(dbufs, to_xdf_gem(obj), cmd->pixel_format, &layout, NULL);
	ret = PTR_ERR_OR_ZERO(fb->full);
	if (ret)
		goto err_put;
	/* the in-kernel client's, the console: there is always room for it */
	if (!file->filp)
		atomic_inc(&fb->full->kept);
	xdf_dbuf_ask(fb->full);
	ret = xdf_dbuf_wait(fb->full);
	if (!ret)
		ret = drm_framebuffer_init(drm, &fb->base, funcs);
	if (!ret)
		return &fb->base;

	xdf_dbuf_put(fb->full);
err_put:
	drm_gem_object_put(obj);
err_free:
	kfree(fb);
	return ERR_PTR(ret);
}

/*
 * The picture of a part of a framebuffer. A new one is made known to the backend
 * by xdf_dbuf_ask() only.
 * Context: may sleep, waits for nobody; one caller for a CRTC at a time.
 * Return: the dbuf, the caller's to put; or ERR_PTR(-ENOMEM).
 */
struct xdf_dbuf *xdf_fb_dbuf(struct drm_framebuffer *base, const struct xdf_layout *layout,
			     unsigned int crtc)
{
	struct xdf_dbuf *full = to_xdf_fb(base)->full, *d = NULL, *last;
	struct xdf_dbuf **parts = &to_xdf_fb(base)->part[crtc * XDF_FB_PARTS];
	unsigned int i;

	if (!memcmp(layout, &full->layout, sizeof(*layout)))
		return xdf_dbuf_get(full);

	spin_lock_irq(&full->dbufs->lock);
	for (i = 0; !d && i < XDF_FB_PARTS; i++)
		if (parts[i] && !memcmp(layout, &parts[i]->layout, sizeof(*layout)))
			swap(d, parts[i]);
	spin_unlock_irq(&full->dbufs->lock);
	if (!d)
		d = xdf_dbuf_create(full->dbufs, full->gem, full->format, layout, full);
	if (IS_ERR(d))
		return d;
	last = xdf_dbuf_get(d);
	/* to the front; the last one goes when there is no gap */
	spin_lock_irq(&full->dbufs->lock);
	for (i = 0; last && i < XDF_FB_PARTS; i++)
		swap(last, parts[i]);
	spin_unlock_irq(&full->dbufs->lock);
	xdf_dbuf_put(last);
	return d;
}
