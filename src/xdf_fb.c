// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/slab.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_gem.h>
#include <drm/drm_modeset_helper.h>
#include <drm/drm_print.h>

#include "xdf_fb.h"

/**
 * struct xdf_fb - a framebuffer
 * @base: DRM's
 * @views: of the card
 * @lock: of @part
 * @full: all of it
 * @part: what was last shown of it, on each CRTC that does not show all of it
 */
struct xdf_fb {
	struct drm_framebuffer base;
	struct xdf_views *views;
	struct mutex lock;
	struct xdf_view *full;
	struct xdf_view *part[];
};

#define to_xdf_fb(f)	container_of(f, struct xdf_fb, base)

/**
 * xdf_fb_destroy - drm_framebuffer_funcs.destroy
 * @base: the framebuffer
 */
void xdf_fb_destroy(struct drm_framebuffer *base)
{
	struct xdf_fb *fb = to_xdf_fb(base);
	unsigned int i;

	for (i = 0; i < base->dev->mode_config.num_crtc; i++)
		xdf_view_put(fb->part[i]);
	xdf_view_put(fb->full);
	drm_framebuffer_cleanup(base);
	drm_gem_object_put(base->obj[0]);
	mutex_destroy(&fb->lock);
	kfree(fb);
}

/* A picture's part of a framebuffer has been drawn to. */
static int fb_update_view(struct xdf_fb *fb, struct xdf_view *view,
			  const struct drm_rect *damage)
{
	const struct xdf_layout *l = &view->layout;
	u32 start = l->offset - fb->base.offsets[0];
	struct drm_rect area, rect = *damage;

	drm_rect_init(&area, start % l->pitch / l->cpp, start / l->pitch,
		      l->width, l->height);
	if (!drm_rect_intersect(&rect, &area))
		return 0;
	drm_rect_translate(&rect, -area.x1, -area.y1);
	return xdf_view_update(view, &rect);
}

/* Around all the clips; without any, all of it. */
static void fb_clips_bounds(const struct drm_framebuffer *base,
			    const struct drm_clip_rect *clips,
			    unsigned int count, struct drm_rect *bounds)
{
	unsigned int i;

	drm_rect_init(bounds, 0, 0, base->width, base->height);
	if (!count)
		return;
	drm_rect_init(bounds, base->width, base->height, 0, 0);
	for (i = 0; i < count; i++) {
		bounds->x1 = min_t(int, bounds->x1, clips[i].x1);
		bounds->y1 = min_t(int, bounds->y1, clips[i].y1);
		bounds->x2 = max_t(int, i ? bounds->x2 : 0, clips[i].x2);
		bounds->y2 = max_t(int, i ? bounds->y2 : 0, clips[i].y2);
	}
}

/**
 * xdf_fb_update - a framebuffer has been drawn to
 * @base: the framebuffer
 * @clips: where
 * @count: of @clips; 0 for everywhere
 *
 * Copies that the backend sees are brought up to date; heads that show it are
 * the caller's to tell.
 *
 * Context: may sleep.
 *
 * Return: 0, or a negative errno as of xdf_view_update().
 */
int xdf_fb_update(struct drm_framebuffer *base,
		  const struct drm_clip_rect *clips, unsigned int count)
{
	struct xdf_fb *fb = to_xdf_fb(base);
	struct drm_rect damage;
	unsigned int i;
	int ret;

	fb_clips_bounds(base, clips, count, &damage);
	ret = fb_update_view(fb, fb->full, &damage);
	mutex_lock(&fb->lock);
	for (i = 0; !ret && i < base->dev->mode_config.num_crtc; i++)
		if (fb->part[i])
			ret = fb_update_view(fb, fb->part[i], &damage);
	mutex_unlock(&fb->lock);
	return ret;
}

/**
 * xdf_fb_create - a framebuffer, and its whole picture made known
 * @views: of the card
 * @file: the client
 * @info: of a format that the card has
 * @cmd: what the client asks for, linear
 * @funcs: with xdf_fb_destroy()
 *
 * Waits for the backend's answer, killably: a refusal is the client's to hear
 * now, not at some commit.
 *
 * Context: may sleep.
 *
 * Return: the framebuffer, or an ERR_PTR().
 */
struct drm_framebuffer *
xdf_fb_create(struct xdf_views *views, struct drm_file *file,
	      const struct drm_format_info *info,
	      const struct drm_mode_fb_cmd2 *cmd,
	      const struct drm_framebuffer_funcs *funcs)
{
	struct xdf_layout layout = {
		.width = cmd->width,
		.height = cmd->height,
		.pitch = cmd->pitches[0],
		.offset = cmd->offsets[0],
		.cpp = info->cpp[0],
	};
	struct drm_device *drm = views->drm;
	struct drm_gem_object *obj;
	struct xdf_fb *fb;
	int ret;

	fb = kzalloc(struct_size(fb, part, drm->mode_config.num_crtc),
		     GFP_KERNEL);
	if (!fb)
		return ERR_PTR(-ENOMEM);
	fb->views = views;
	mutex_init(&fb->lock);

	obj = drm_gem_object_lookup(file, cmd->handles[0]);
	if (!obj) {
		drm_dbg_kms(drm, "no buffer with handle %u\n",
			    cmd->handles[0]);
		ret = -ENOENT;
		goto err_free;
	}
	ret = xdf_layout_fits(&layout, to_xdf_gem(obj)->limit);
	if (ret) {
		drm_dbg_kms(drm,
			    "%ux%u, pitch %u, offset %u does not fit a buffer of %zu bytes\n",
			    layout.width, layout.height, layout.pitch,
			    layout.offset, to_xdf_gem(obj)->limit);
		goto err_put;
	}
	drm_helper_mode_fill_fb_struct(drm, &fb->base, info, cmd);
	fb->base.obj[0] = obj;

	fb->full = xdf_view_create(views, to_xdf_gem(obj), &layout,
				   cmd->pixel_format);
	if (IS_ERR(fb->full)) {
		ret = PTR_ERR(fb->full);
		goto err_put;
	}
	xdf_view_ask(fb->full);
	ret = xdf_view_wait(fb->full);
	if (ret)
		goto err_view;
	ret = drm_framebuffer_init(drm, &fb->base, funcs);
	if (ret)
		goto err_view;
	return &fb->base;

err_view:
	xdf_view_put(fb->full);
err_put:
	drm_gem_object_put(obj);
err_free:
	mutex_destroy(&fb->lock);
	kfree(fb);
	return ERR_PTR(ret);
}

/**
 * xdf_fb_layout - where a part of a framebuffer lies in its buffer
 * @base: the framebuffer
 * @rect: the part, within it
 * @layout: result
 */
void xdf_fb_layout(const struct drm_framebuffer *base,
		   const struct drm_rect *rect, struct xdf_layout *layout)
{
	layout->cpp = base->format->cpp[0];
	layout->pitch = base->pitches[0];
	layout->width = drm_rect_width(rect);
	layout->height = drm_rect_height(rect);
	layout->offset = base->offsets[0] + rect->y1 * layout->pitch +
		rect->x1 * layout->cpp;
}

static bool fb_layout_equal(const struct xdf_layout *a,
			    const struct xdf_layout *b)
{
	return a->offset == b->offset && a->width == b->width &&
		a->height == b->height;
}

/**
 * xdf_fb_view - the picture of a part of a framebuffer
 * @base: the framebuffer
 * @layout: the part, as of xdf_fb_layout()
 * @crtc: index of the CRTC that is to show it
 *
 * A new one is made known to the backend by xdf_view_ask() only.
 *
 * Context: may sleep.
 *
 * Return: the view, the caller's to put; or an ERR_PTR() as of
 * xdf_view_create().
 */
struct xdf_view *xdf_fb_view(struct drm_framebuffer *base,
			     const struct xdf_layout *layout,
			     unsigned int crtc)
{
	struct xdf_fb *fb = to_xdf_fb(base);
	struct xdf_view *view;

	if (fb_layout_equal(layout, &fb->full->layout))
		return xdf_view_get(fb->full);

	mutex_lock(&fb->lock);
	view = fb->part[crtc];
	if (view && fb_layout_equal(layout, &view->layout))
		goto out;
	view = xdf_view_create(fb->views, to_xdf_gem(base->obj[0]),
			       layout, base->format->format);
	if (IS_ERR(view)) {
		mutex_unlock(&fb->lock);
		return view;
	}
	xdf_view_put(fb->part[crtc]);
	fb->part[crtc] = view;
out:
	xdf_view_get(view);
	mutex_unlock(&fb->lock);
	return view;
}
