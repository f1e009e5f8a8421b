// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/stringify.h>
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_blend.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_modes.h>
#include <drm/drm_panic.h>
#include <drm/drm_print.h>
#include <drm/drm_probe_helper.h>
#include <drm/drm_property.h>
#include <drm/drm_vblank.h>

#include "xdf_config.h"
#include "xdf_debugfs.h"
#include "xdf_fb.h"
#include "xdf_format.h"
#include "xdf_gem.h"
#include "xdf_kms.h"

#define XDF_MAX_HZ	1000

/**
 * struct xdf_plane_state - a plane's state
 * @base: DRM's
 * @view: the picture, held from prepare to cleanup
 */
struct xdf_plane_state {
	struct drm_plane_state base;
	struct xdf_view *view;
};

#define to_xdf_card(d)		container_of(d, struct xdf_card, drm)
#define to_xdf_plane_state(s)	container_of(s, struct xdf_plane_state, base)
#define plane_to_output(p)	container_of(p, struct xdf_output, plane)
#define crtc_to_output(c)	container_of(c, struct xdf_output, crtc)
#define connector_to_output(c)	container_of(c, struct xdf_output, connector)

static const u64 xdf_modifiers[] = {
	DRM_FORMAT_MOD_LINEAR,
	DRM_FORMAT_MOD_INVALID,
};

/*
 * Framebuffers
 */

/* Not a commit: clients that draw at will must not wait for each refresh. */
static int xdf_fb_dirty(struct drm_framebuffer *base, struct drm_file *file,
			unsigned int flags, unsigned int color,
			struct drm_clip_rect *clips, unsigned int num_clips)
{
	struct xdf_card *card = to_xdf_card(base->dev);
	struct xdf_output *output;
	int ret;

	/* a client that a signal interrupts asks again */
	ret = xdf_fb_update(base, clips, num_clips);
	if (ret)
		return ret;
	xdf_for_each_output(output, card)
		xdf_head_damage(&output->head, base);
	return 0;
}

static const struct drm_framebuffer_funcs xdf_fb_funcs = {
	.destroy = xdf_fb_destroy,
	.create_handle = drm_gem_fb_create_handle,
	.dirty = xdf_fb_dirty,
};

static struct drm_framebuffer *
xdf_kms_fb_create(struct drm_device *drm, struct drm_file *file,
		  const struct drm_format_info *info,
		  const struct drm_mode_fb_cmd2 *cmd)
{
	if (!xdf_format_bit(cmd->pixel_format)) {
		drm_dbg_kms(drm, "format %p4cc is not supported\n",
			    &cmd->pixel_format);
		return ERR_PTR(-EINVAL);
	}
	if ((cmd->flags & DRM_MODE_FB_MODIFIERS) &&
	    cmd->modifier[0] != DRM_FORMAT_MOD_LINEAR) {
		drm_dbg_kms(drm, "modifier %#llx is not linear\n",
			    cmd->modifier[0]);
		return ERR_PTR(-EINVAL);
	}
	return xdf_fb_create(&to_xdf_card(drm)->views, file, info, cmd,
			     &xdf_fb_funcs);
}
COMPAT_FB_CREATE(xdf_kms_fb_create);

/* The part of a framebuffer that a visible plane shows on the screen. */
static void xdf_plane_area(const struct drm_plane_state *state,
			   struct drm_rect *area)
{
	drm_rect_init(area, state->src.x1 >> 16, state->src.y1 >> 16,
		      drm_rect_width(&state->src) >> 16,
		      drm_rect_height(&state->src) >> 16);
}

static void xdf_plane_layout(const struct drm_plane_state *state,
			     struct xdf_layout *layout)
{
	struct drm_rect area;

	xdf_plane_area(state, &area);
	xdf_fb_layout(state->fb, &area, layout);
}

/*
 * Planes
 */

static int xdf_plane_helper_atomic_check(struct drm_plane *plane,
					 struct drm_atomic_commit *commit)
{
	struct drm_plane_state *state =
		drm_atomic_get_new_plane_state(commit, plane);
	struct drm_crtc_state *crtc_state = NULL;
	struct xdf_layout layout;
	int ret;

	if (state->crtc)
		crtc_state = drm_atomic_get_new_crtc_state(commit, state->crtc);
	ret = drm_atomic_helper_check_plane_state(state, crtc_state,
						  DRM_PLANE_NO_SCALING,
						  DRM_PLANE_NO_SCALING,
						  false, true);
	if (ret || !state->fb)
		return ret;
	if ((state->src_x | state->src_y | state->src_w | state->src_h) &
	    0xffff) {
		drm_dbg_kms(plane->dev, "source is not at whole pixels\n");
		return -EINVAL;
	}
	if (!state->visible)
		return 0;
	xdf_plane_layout(state, &layout);
	return xdf_layout_fits(&layout,
			       to_xdf_gem(state->fb->obj[0])->limit);
}
COMPAT_PLANE_ATOMIC_CHECK(xdf_plane_helper_atomic_check);

/* The whole CRTC is flushed at once, in its own hook. */
static void xdf_plane_helper_atomic_update(struct drm_plane *plane,
					   struct drm_atomic_commit *commit)
{
}
COMPAT_PLANE_ATOMIC_UPDATE(xdf_plane_helper_atomic_update);

static int xdf_plane_helper_prepare_fb(struct drm_plane *plane,
				       struct drm_plane_state *state)
{
	struct xdf_layout layout;
	struct xdf_view *view;
	int ret;

	if (!state->fb)
		return 0;
	ret = drm_gem_plane_helper_prepare_fb(plane, state);
	if (ret || !state->visible)
		return ret;
	xdf_plane_layout(state, &layout);
	/* the head waits for the backend to know it, the client does not */
	view = xdf_fb_view(state->fb, &layout, drm_crtc_index(state->crtc));
	if (IS_ERR(view))
		return PTR_ERR(view);
	to_xdf_plane_state(state)->view = view;
	return 0;
}

static void xdf_plane_helper_cleanup_fb(struct drm_plane *plane,
					struct drm_plane_state *state)
{
	struct xdf_plane_state *xstate = to_xdf_plane_state(state);

	xdf_view_put(xstate->view);
	xstate->view = NULL;
}

/* Where the panic screen is drawn: in the picture that is wanted now. */
static int __maybe_unused
xdf_plane_helper_get_scanout_buffer(struct drm_plane *plane,
				    struct drm_scanout_buffer *sb)
{
	struct xdf_view *view = plane->state ?
		to_xdf_plane_state(plane->state)->view : NULL;
	const struct xdf_layout *l;

	if (!view)
		return -ENODEV;
	l = &view->layout;
	sb->format = plane->state->fb->format;
	sb->width = l->width;
	sb->height = l->height;
	sb->pitch[0] = l->pitch;
	if (view->copy) {
		sb->map[0] = view->copy->map;
		sb->map[0].vaddr += l->offset;
		return 0;
	}
	/* an import that was copied has none, and no copy without a backend */
	if (!view->gem->pages || offset_in_page(l->offset) ||
	    !compat_panic_set_pages(sb, view->gem->pages +
				    (l->offset >> PAGE_SHIFT)))
		return -EOPNOTSUPP;
	return 0;
}

static void __maybe_unused xdf_plane_helper_panic_flush(struct drm_plane *plane)
{
	struct xdf_view *view = to_xdf_plane_state(plane->state)->view;

	if (view->copy && view->copy->pages)
		xdf_copy_panic(view->copy);
	xdf_head_panic(&plane_to_output(plane)->head);
}

static const struct drm_plane_helper_funcs xdf_plane_helper_funcs = {
	.prepare_fb = xdf_plane_helper_prepare_fb,
	.cleanup_fb = xdf_plane_helper_cleanup_fb,
	.atomic_check = COMPAT_FN(xdf_plane_helper_atomic_check),
	.atomic_update = COMPAT_FN(xdf_plane_helper_atomic_update),
	COMPAT_PLANE_PANIC(xdf_plane_helper_get_scanout_buffer)
	COMPAT_PLANE_PANIC_FLUSH(xdf_plane_helper_panic_flush)
};

static void xdf_plane_destroy_state(struct drm_plane *plane,
				    struct drm_plane_state *state)
{
	struct xdf_plane_state *xstate = to_xdf_plane_state(state);

	xdf_view_put(xstate->view);
	__drm_atomic_helper_plane_destroy_state(state);
	kfree(xstate);
}

static void xdf_plane_reset(struct drm_plane *plane)
{
	struct xdf_plane_state *xstate;

	if (plane->state)
		xdf_plane_destroy_state(plane, plane->state);
	plane->state = NULL;
	xstate = kzalloc(sizeof(*xstate), GFP_KERNEL);
	if (xstate)
		__drm_atomic_helper_plane_reset(plane, &xstate->base);
}

static struct drm_plane_state *xdf_plane_duplicate_state(struct drm_plane *plane)
{
	struct xdf_plane_state *xstate;

	if (WARN_ON(!plane->state))
		return NULL;
	/* the view is not inherited: preparing the new state finds it */
	xstate = kzalloc(sizeof(*xstate), GFP_KERNEL);
	if (!xstate)
		return NULL;
	__drm_atomic_helper_plane_duplicate_state(plane, &xstate->base);
	return &xstate->base;
}

static bool xdf_plane_format_mod_supported(struct drm_plane *plane, u32 format,
					   u64 modifier)
{
	return modifier == DRM_FORMAT_MOD_LINEAR;
}

static const struct drm_plane_funcs xdf_plane_funcs = {
	.update_plane = drm_atomic_helper_update_plane,
	.disable_plane = drm_atomic_helper_disable_plane,
	.destroy = drm_plane_cleanup,
	.reset = xdf_plane_reset,
	.atomic_duplicate_state = xdf_plane_duplicate_state,
	.atomic_destroy_state = xdf_plane_destroy_state,
	.format_mod_supported = xdf_plane_format_mod_supported,
	COMPAT_PLANE_ASYNC_FORMATS(xdf_plane_format_mod_supported)
};

/*
 * CRTCs
 */

/* Length of a refresh in ns; 0 when it is none that a timer could follow. */
static u64 xdf_mode_period(const struct drm_display_mode *mode)
{
	u64 pixels = (u64)mode->htotal * mode->vtotal;
	u64 period;

	if (mode->clock <= 0 || !pixels)
		return 0;
	period = div_u64(pixels * NSEC_PER_MSEC, mode->clock);
	if (period < NSEC_PER_SEC / XDF_MAX_HZ || period > NSEC_PER_SEC)
		return 0;
	return period;
}

/* Under the head's lock. */
static void xdf_output_mode_rejected(struct xdf_head *head, u32 width, u32 height)
{
	struct xdf_output *output = container_of(head, struct xdf_output, head);

	/* clients find the mode gone and take another */
	if (xdf_monitor_reject(&output->monitor, width, height))
		schedule_work(&output->card->hotplug);
}

static enum drm_mode_status
xdf_crtc_helper_mode_valid(struct drm_crtc *crtc,
			   const struct drm_display_mode *mode)
{
	struct xdf_output *output = crtc_to_output(crtc);

	if (!mode->hdisplay || !mode->vdisplay ||
	    mode->hdisplay > XDF_MAX_SIDE || mode->vdisplay > XDF_MAX_SIDE)
		return MODE_BAD;
	if (xdf_monitor_rejects(&output->monitor, mode->hdisplay, mode->vdisplay))
		return MODE_BAD;
	if (mode->flags & DRM_MODE_FLAG_INTERLACE)
		return MODE_NO_INTERLACE;
	if (mode->flags & DRM_MODE_FLAG_DBLSCAN)
		return MODE_NO_DBLESCAN;
	if (!xdf_mode_period(mode))
		return MODE_CLOCK_RANGE;
	return MODE_OK;
}

static int xdf_crtc_helper_atomic_check(struct drm_crtc *crtc,
					struct drm_atomic_commit *commit)
{
	/* a mode is set with a picture; without one the connector is dark */
	return drm_atomic_add_affected_planes(commit, crtc);
}
COMPAT_CRTC_ATOMIC_CHECK(xdf_crtc_helper_atomic_check);

static void xdf_crtc_helper_atomic_enable(struct drm_crtc *crtc,
					  struct drm_atomic_commit *commit)
{
	struct xdf_output *output = crtc_to_output(crtc);
	const struct drm_display_mode *mode = &crtc->state->adjusted_mode;

	xdf_head_enable(&output->head, mode->hdisplay, mode->vdisplay,
			xdf_mode_period(mode));
	drm_crtc_vblank_on(crtc);
}
COMPAT_CRTC_ATOMIC_ENABLE(xdf_crtc_helper_atomic_enable);

static void xdf_crtc_helper_atomic_disable(struct drm_crtc *crtc,
					   struct drm_atomic_commit *commit)
{
	struct xdf_output *output = crtc_to_output(crtc);

	drm_crtc_vblank_off(crtc);
	xdf_head_disable(&output->head);
}
COMPAT_CRTC_ATOMIC_DISABLE(xdf_crtc_helper_atomic_disable);

/*
 * Where the backend sees a copy, that is brought up to date. What a client
 * names as damaged is only that since the last picture, in the same buffer.
 */
static void xdf_plane_update_copy(struct drm_plane_state *old,
				  struct drm_plane_state *state)
{
	struct xdf_view *view = to_xdf_plane_state(state)->view;
	struct drm_rect damage, area;

	if (!view)
		return;
	if (!old || old->fb != state->fb) {
		xdf_view_update(view, NULL);
		return;
	}
	xdf_plane_area(state, &area);
	if (!drm_atomic_helper_damage_merged(old, state, &damage) ||
	    !drm_rect_intersect(&damage, &area))
		return;
	drm_rect_translate(&damage, -area.x1, -area.y1);
	xdf_view_update(view, &damage);
}

static void xdf_crtc_helper_atomic_flush(struct drm_crtc *crtc,
					 struct drm_atomic_commit *commit)
{
	struct xdf_output *output = crtc_to_output(crtc);
	struct drm_plane_state *plane_state = output->plane.state;
	struct drm_pending_vblank_event *event = crtc->state->event;

	crtc->state->event = NULL;
	if (crtc->state->active) {
		/* with the reference the head sends the event */
		bool held = event && !drm_crtc_vblank_get(crtc);

		xdf_plane_update_copy(drm_atomic_get_old_plane_state(commit,
								     &output->plane),
				      plane_state);
		xdf_head_show(&output->head,
			      to_xdf_plane_state(plane_state)->view,
			      plane_state->fb, held ? event : NULL,
			      compat_is_async_flip(crtc->state));
		if (held)
			return;
	}
	if (!event)
		return;
	spin_lock_irq(&crtc->dev->event_lock);
	drm_crtc_send_vblank_event(crtc, event);
	spin_unlock_irq(&crtc->dev->event_lock);
}
COMPAT_CRTC_ATOMIC_FLUSH(xdf_crtc_helper_atomic_flush);

static const struct drm_crtc_helper_funcs xdf_crtc_helper_funcs = {
	.mode_valid = xdf_crtc_helper_mode_valid,
	.atomic_check = COMPAT_FN(xdf_crtc_helper_atomic_check),
	.atomic_enable = COMPAT_FN(xdf_crtc_helper_atomic_enable),
	.atomic_disable = COMPAT_FN(xdf_crtc_helper_atomic_disable),
	.atomic_flush = COMPAT_FN(xdf_crtc_helper_atomic_flush),
};

static int xdf_crtc_enable_vblank(struct drm_crtc *crtc)
{
	xdf_head_clock_start(&crtc_to_output(crtc)->head);
	return 0;
}

static void xdf_crtc_disable_vblank(struct drm_crtc *crtc)
{
	xdf_head_clock_stop(&crtc_to_output(crtc)->head);
}

static bool __maybe_unused
xdf_crtc_get_vblank_timestamp(struct drm_crtc *crtc, int *max_error,
			      ktime_t *time, bool in_vblank_irq)
{
	*time = xdf_head_clock_time(&crtc_to_output(crtc)->head);
	return true;
}

static int xdf_crtc_set_crc_source(struct drm_crtc *crtc, const char *source)
{
	return xdf_crc_set_source(&crtc_to_output(crtc)->head.crc, source);
}

static int xdf_crtc_verify_crc_source(struct drm_crtc *crtc, const char *source,
				      size_t *count)
{
	return xdf_crc_verify_source(source, count);
}

static const struct drm_crtc_funcs xdf_crtc_funcs = {
	.destroy = drm_crtc_cleanup,
	.set_config = drm_atomic_helper_set_config,
	.page_flip = drm_atomic_helper_page_flip,
	.reset = drm_atomic_helper_crtc_reset,
	.atomic_duplicate_state = drm_atomic_helper_crtc_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_crtc_destroy_state,
	.enable_vblank = xdf_crtc_enable_vblank,
	.disable_vblank = xdf_crtc_disable_vblank,
	.set_crc_source = xdf_crtc_set_crc_source,
	.verify_crc_source = xdf_crtc_verify_crc_source,
	COMPAT_CRTC_VBLANK_TIME(xdf_crtc_get_vblank_timestamp)
};

/*
 * Encoders and connectors
 */

static const struct drm_encoder_funcs xdf_encoder_funcs = {
	.destroy = drm_encoder_cleanup,
};

/* Why there is no text console on a display of that size; NULL when there is. */
static const char *xdf_no_console(u32 width, u32 height)
{
	struct sysinfo info;

	if (width < XDF_MIN_CONSOLE_SIDE || height < XDF_MIN_CONSOLE_SIDE)
		return "is too small: give it " __stringify(XDF_MIN_CONSOLE_SIDE)
		       "x" __stringify(XDF_MIN_CONSOLE_SIDE) " at least";
	si_meminfo(&info);
	/* the console draws in memory of its own, and copies that */
	if (2ULL * width * height * sizeof(u32) >> PAGE_SHIFT > info.totalram)
		return "is too large for the guest's memory: give it less, or the guest more";
	return NULL;
}

static int xdf_connector_helper_get_modes(struct drm_connector *connector)
{
	struct xdf_monitor *m = &connector_to_output(connector)->monitor;
	int count = xdf_monitor_add_modes(m, connector);
	struct drm_display_mode *mode;

	/* DRM's console leaves such a connector alone; others ask its property */
	list_for_each_entry(mode, &connector->probed_modes, head)
		if (mode->type & DRM_MODE_TYPE_PREFERRED &&
		    xdf_no_console(mode->hdisplay, mode->vdisplay))
			connector->display_info.non_desktop = true;
	return count;
}

static const struct drm_connector_helper_funcs xdf_connector_helper_funcs = {
	.get_modes = xdf_connector_helper_get_modes,
};

static enum drm_connector_status
xdf_connector_detect(struct drm_connector *connector, bool force)
{
	const struct xdf_monitor *m = &connector_to_output(connector)->monitor;

	return READ_ONCE(m->width) ? connector_status_connected :
		connector_status_disconnected;
}

static const struct drm_connector_funcs xdf_connector_funcs = {
	.detect = xdf_connector_detect,
	.fill_modes = drm_helper_probe_single_connector_modes,
	.destroy = drm_connector_cleanup,
	.reset = drm_atomic_helper_connector_reset,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
};

/*
 * The card
 */

static void xdf_commit_tail(struct drm_atomic_commit *commit)
{
	struct drm_device *drm = commit->dev;

	drm_atomic_helper_commit_modeset_disables(drm, commit);
	/* On before the picture: the backend takes no flip while it is off. */
	drm_atomic_helper_commit_modeset_enables(drm, commit);
	drm_atomic_helper_commit_planes(drm, commit, 0);
	drm_atomic_helper_commit_hw_done(commit);
	drm_atomic_helper_wait_for_flip_done(drm, commit);
	drm_atomic_helper_cleanup_planes(drm, commit);
}

static const struct drm_mode_config_helper_funcs xdf_mode_config_helper_funcs = {
	.atomic_commit_tail = xdf_commit_tail,
};

static const struct drm_mode_config_funcs xdf_mode_config_funcs = {
	.fb_create = COMPAT_FN(xdf_kms_fb_create),
	.atomic_check = drm_atomic_helper_check,
	.atomic_commit = drm_atomic_helper_commit,
};

DEFINE_DRM_GEM_FOPS(xdf_fops);

COMPAT_DEBUGFS_INIT(xdf_debugfs_init);

static const struct drm_driver xdf_driver = {
	.driver_features = DRIVER_GEM | DRIVER_MODESET | DRIVER_ATOMIC,
	.fops = &xdf_fops,
	.dumb_create = xdf_gem_dumb_create,
	.gem_prime_import = xdf_gem_import,
	.gem_prime_import_sg_table = xdf_gem_import_sg_table,
	.debugfs_init = COMPAT_FN(xdf_debugfs_init),
	DRM_COMPAT_DRIVER_FIELDS
	.name = "xendrm-du",
	.desc = "Xen para-virtual display",
	.major = 1,
	.minor = 0,
};

static int xdf_output_init(struct xdf_card *card, struct xdf_output *output)
{
	struct drm_device *drm = &card->drm;
	int ret;

	ret = drm_universal_plane_init(drm, &output->plane, 0,
				       &xdf_plane_funcs, xdf_formats,
				       ARRAY_SIZE(xdf_formats), xdf_modifiers,
				       DRM_PLANE_TYPE_PRIMARY, NULL);
	if (ret)
		return ret;
	drm_plane_helper_add(&output->plane, &xdf_plane_helper_funcs);
	drm_plane_enable_fb_damage_clips(&output->plane);
	ret = drm_plane_create_blend_mode_property(&output->plane,
						   BIT(DRM_MODE_BLEND_PREMULTI) |
						   BIT(DRM_MODE_BLEND_PIXEL_NONE));
	if (ret)
		return ret;

	ret = drm_crtc_init_with_planes(drm, &output->crtc, &output->plane,
					NULL, &xdf_crtc_funcs, NULL);
	if (ret)
		return ret;
	drm_crtc_helper_add(&output->crtc, &xdf_crtc_helper_funcs);
	output->plane.possible_crtcs = drm_crtc_mask(&output->crtc);

	ret = drm_encoder_init(drm, &output->encoder, &xdf_encoder_funcs,
			       DRM_MODE_ENCODER_VIRTUAL, NULL);
	if (ret)
		return ret;
	output->encoder.possible_crtcs = drm_crtc_mask(&output->crtc);

	ret = drm_connector_init(drm, &output->connector, &xdf_connector_funcs,
				 DRM_MODE_CONNECTOR_VIRTUAL);
	if (ret)
		return ret;
	drm_connector_helper_add(&output->connector,
				 &xdf_connector_helper_funcs);
	/* which DRM leaves out of virtual ones */
	drm_connector_attach_edid_property(&output->connector);
	/* asks desktops to take the preferred mode whenever that changes */
	drm_object_attach_property(&output->connector.base,
				   card->hotplug_mode_update, 1);
	return drm_connector_attach_encoder(&output->connector,
					    &output->encoder);
}

static void xdf_views_answered(struct xdf_views *views)
{
	struct xdf_card *card = container_of(views, struct xdf_card, views);
	struct xdf_output *output;

	xdf_for_each_output(output, card)
		xdf_head_kick(&output->head);
}

static void xdf_card_answered(void *data)
{
	struct xdf_card *card = data;

	if (atomic_dec_and_test(&card->asking))
		xdf_link_ready(&card->link);
}

static void xdf_link_is_up(void *data)
{
	struct xdf_card *card = data;
	bool asks = card->link.version >= 2 || card->link.unversioned;
	struct xdf_output *output;

	atomic_set(&card->asking, 1);
	xdf_for_each_output(output, card) {
		if (xdf_monitor_renew(&output->monitor))
			schedule_work(&card->hotplug);
		if (!asks || !output->present)
			continue;
		atomic_inc(&card->asking);
		if (xdf_monitor_ask(&output->monitor))
			atomic_dec(&card->asking);
	}
	xdf_views_up(&card->views);
	xdf_for_each_output(output, card)
		xdf_head_up(&output->head);
	xdf_card_answered(card);
}

static bool xdf_link_is_ready(void *data)
{
	struct xdf_card *card = data;
	struct xdf_output *output;
	bool changed = false;

	xdf_for_each_output(output, card)
		changed |= xdf_monitor_take(&output->monitor,
					    &output->connector);
	if (!READ_ONCE(card->registered)) {
		schedule_work(&card->registering);
		return false;
	}
	if (changed)
		schedule_work(&card->hotplug);
	return true;
}

/* The console waits for the backend to take its first picture. */
static void xdf_card_register(struct work_struct *work)
{
	struct xdf_card *card = container_of(work, struct xdf_card,
					     registering);
	unsigned int told;
	int ret;

	if (!card->registered) {
		ret = drm_dev_register(&card->drm, 0);
		if (ret) {
			xdf_link_fail(&card->link, ret, "registering the card");
			return;
		}
		told = READ_ONCE(card->told);
		WRITE_ONCE(card->registered, true);
		drm_client_setup(&card->drm, NULL);
		/* before 6.5 a console that is being set up does not hear it */
		if (told != READ_ONCE(card->told))
			schedule_work(&card->hotplug);
	}
	xdf_link_connected(&card->link);
}

static void xdf_link_is_down(void *data)
{
	struct xdf_card *card = data;
	struct xdf_output *output;

	xdf_for_each_output(output, card)
		xdf_head_down(&output->head);
	xdf_views_down(&card->views);
}

static void xdf_link_event(void *data, unsigned int index, u64 fb_cookie)
{
	struct xdf_card *card = data;

	xdf_head_presented(&card->outputs[index].head, fb_cookie);
}

static bool xdf_link_node(void *data, unsigned int index, u32 *node)
{
	struct xdf_card *card = data;

	*node = card->outputs[index].node;
	return READ_ONCE(card->outputs[index].present);
}

static const struct xdf_link_ops xdf_link_ops = {
	.node = xdf_link_node,
	.up = xdf_link_is_up,
	.ready = xdf_link_is_ready,
	.down = xdf_link_is_down,
	.event = xdf_link_event,
};

static void xdf_card_hotplug(struct work_struct *work)
{
	struct xdf_card *card = container_of(work, struct xdf_card, hotplug);
	struct drm_mode_config *config = &card->drm.mode_config;
	struct xdf_output *output;
	int idx;

	if (!READ_ONCE(card->registered) || !drm_dev_enter(&card->drm, &idx))
		return;
	WRITE_ONCE(card->told, card->told + 1);
	/* for those who may look and not ask: sysfs, and all but the master */
	mutex_lock(&config->mutex);
	xdf_for_each_output(output, card) {
		output->connector.funcs->fill_modes(&output->connector,
						    config->max_width,
						    config->max_height);
		xdf_monitor_tell(&output->monitor, &output->connector);
	}
	mutex_unlock(&config->mutex);
	drm_kms_helper_hotplug_event(&card->drm);
	drm_dev_exit(idx);
}

static void xdf_card_free(struct drm_device *drm, void *data)
{
	struct xdf_card *card = to_xdf_card(drm);
	unsigned int i;

	for (i = 0; i < card->count; i++)
		xdf_monitor_fini(&card->outputs[i].monitor);
	xdf_link_free(&card->link);
}

static int xdf_mode_config(struct xdf_card *card)
{
	struct drm_device *drm = &card->drm;
	struct xdf_output *output;
	int ret;

	ret = drmm_mode_config_init(drm);
	if (ret)
		return ret;
	drm->mode_config.min_width = 1;
	drm->mode_config.min_height = 1;
	drm->mode_config.max_width = XDF_MAX_SIDE;
	drm->mode_config.max_height = XDF_MAX_SIDE;
	drm->mode_config.preferred_depth = 24;
	drm->mode_config.async_page_flip = true;
	drm->mode_config.funcs = &xdf_mode_config_funcs;
	drm->mode_config.helper_private = &xdf_mode_config_helper_funcs;
	card->hotplug_mode_update =
		drm_property_create_range(drm, DRM_MODE_PROP_IMMUTABLE,
					  "hotplug_mode_update", 0, 1);
	if (!card->hotplug_mode_update)
		return -ENOMEM;

	xdf_for_each_output(output, card) {
		ret = xdf_output_init(card, output);
		if (ret)
			return ret;
		xdf_head_init(&output->head, &output->crtc, &card->link,
			      output - card->outputs,
			      xdf_output_mode_rejected);
	}
	ret = drm_vblank_init(drm, drm->mode_config.num_crtc);
	if (ret)
		return ret;
	drm_mode_config_reset(drm);
	return 0;
}

static struct xdf_output *xdf_find_output(struct xdf_card *card, u32 node)
{
	struct xdf_output *output;

	xdf_for_each_output(output, card)
		if (output->node == node)
			return output;
	return NULL;
}

static void xdf_output_set_size(struct xdf_output *output, u32 width, u32 height)
{
	const char *why = width ? xdf_no_console(width, height) : NULL;
	struct xdf_monitor *m = &output->monitor;

	WRITE_ONCE(m->height, height);
	WRITE_ONCE(m->width, width);
	if (why)
		drm_info(&output->card->drm,
			 "connector %u: no text console: %ux%u %s\n",
			 output->node, width, height, why);
}

/**
 * xdf_kms_create - a card, not yet known to anybody
 * @xdev: its device; frees it with its driver's end, once no client is left
 * @configs: the connectors, rising by node, node 0 first
 * @count: number of connectors, at most XDF_MAX_OUTPUTS
 * @be_alloc: the backend allocates the memory that it shows
 *
 * xdf_link_start() on its link has it registered when a backend is there.
 *
 * Return: the card, or an ERR_PTR().
 */
struct xdf_card *xdf_kms_create(struct xenbus_device *xdev,
				const struct xdf_output_config *configs,
				unsigned int count, bool be_alloc)
{
	unsigned int i, total = max_t(unsigned int, count, XDF_MIN_OUTPUTS);
	struct xdf_card *card;
	int ret;

	card = devm_drm_dev_alloc(&xdev->dev, &xdf_driver, struct xdf_card,
				  drm);
	if (IS_ERR(card))
		return card;
	/* before the mode configuration, which is cleaned up before it */
	card->outputs = drmm_kcalloc(&card->drm, total, sizeof(*card->outputs),
				     GFP_KERNEL);
	if (!card->outputs)
		return ERR_PTR(-ENOMEM);
	card->count = total;
	INIT_WORK(&card->registering, xdf_card_register);
	INIT_WORK(&card->hotplug, xdf_card_hotplug);
	for (i = 0; i < total; i++) {
		struct xdf_output *output = &card->outputs[i];

		output->card = card;
		output->node = XDF_NO_NODE;
		xdf_monitor_init(&output->monitor, &card->link, i,
				 xdf_card_answered, card);
		if (i >= count)
			continue;
		output->node = configs[i].node;
		output->present = true;
		xdf_output_set_size(output, configs[i].width, configs[i].height);
	}
	ret = xdf_link_init(&card->link, xdev, total, &xdf_link_ops, card);
	if (ret)
		return ERR_PTR(ret);
	ret = drmm_add_action_or_reset(&card->drm, xdf_card_free, NULL);
	if (ret)
		return ERR_PTR(ret);
	xdf_views_init(&card->views, &card->drm, &card->link, be_alloc,
		       xdf_views_answered);
	ret = xdf_mode_config(card);
	if (ret)
		return ERR_PTR(ret);
	return card;
}

/**
 * xdf_kms_current - what was last known of a connector
 * @card: the card
 * @config: its node in, the rest out
 *
 * Return: whether it was known at all.
 */
bool xdf_kms_current(struct xdf_card *card, struct xdf_output_config *config)
{
	const struct xdf_output *output = xdf_find_output(card, config->node);

	config->width = output ? output->monitor.width : 0;
	config->height = output ? output->monitor.height : 0;
	return output;
}

/* Under the mode configuration's mutex; true when that is news. */
static bool xdf_output_resize(struct xdf_output *output, u32 width, u32 height)
{
	struct xdf_monitor *m = &output->monitor;

	if (m->width == width && m->height == height)
		return false;
	if (width)
		drm_info(&output->card->drm,
			 "connector %u: %ux%u is preferred now\n",
			 output->node, width, height);
	xdf_output_set_size(output, width, height);
	xdf_monitor_renew(m);
	return true;
}

/* The same for whether there is such a connector. */
static bool xdf_output_set_present(struct xdf_output *output, bool present)
{
	if (output->present == present)
		return false;
	drm_info(&output->card->drm, "connector %u was %s\n", output->node,
		 present ? "added" : "removed");
	WRITE_ONCE(output->present, present);
	if (!present)
		xdf_output_resize(output, 0, 0);
	return true;
}

static bool xdf_config_has(const struct xdf_output_config *configs,
			   unsigned int count, u32 node)
{
	while (count--)
		if (configs[count].node == node)
			return true;
	return false;
}

/**
 * xdf_kms_configure - XenStore's connectors have changed, perhaps
 * @card: the card
 * @configs: all of them as they are now; without a size one is disconnected
 * @count: of @configs
 *
 * Clients are told. When there are others than before, the backend has to
 * bind them anew.
 *
 * Context: may sleep.
 */
void xdf_kms_configure(struct xdf_card *card,
		       const struct xdf_output_config *configs,
		       unsigned int count)
{
	struct mutex *mutex = &card->drm.mode_config.mutex;
	bool renew = false, changed = false;
	struct xdf_output *output;
	unsigned int i;

	mutex_lock(mutex);
	xdf_for_each_output(output, card)
		if (!xdf_config_has(configs, count, output->node))
			renew |= xdf_output_set_present(output, false);
	for (i = 0; i < count; i++) {
		output = xdf_find_output(card, configs[i].node) ?:
			xdf_find_output(card, XDF_NO_NODE);
		if (!output) {
			drm_warn(&card->drm,
				 "no room for connector %u: it works once the driver is loaded again, or after a reboot\n",
				 configs[i].node);
			continue;
		}
		output->node = configs[i].node;
		renew |= xdf_output_set_present(output, true);
		changed |= xdf_output_resize(output, configs[i].width,
					     configs[i].height);
	}
	mutex_unlock(mutex);
	if (renew)
		xdf_link_renew(&card->link,
			       "the toolstack changed its connectors");
	if (renew || changed)
		schedule_work(&card->hotplug);
}

/**
 * xdf_kms_remove - the device goes, clients may stay a while
 * @card: the card; no longer the caller's
 *
 * Does not wait for the backend.
 */
void xdf_kms_remove(struct xdf_card *card)
{
	struct xdf_output *output;

	/* First, so that nobody waits for the backend while DRM waits for him. */
	xdf_link_stop(&card->link);
	cancel_work_sync(&card->registering);
	xdf_for_each_output(output, card)
		xdf_crc_end(&output->head.crc);
	if (card->registered)
		drm_dev_unplug(&card->drm);
	xdf_for_each_output(output, card)
		xdf_crc_fini(&output->head.crc);
	/* a new resolution asks for it before there is a card, too */
	cancel_work_sync(&card->hotplug);
	if (card->registered)
		drm_atomic_helper_shutdown(&card->drm);
	xdf_for_each_output(output, card)
		xdf_head_fini(&output->head);
}
