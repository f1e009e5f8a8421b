// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-fence.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/stringify.h>
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_blend.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_panic.h>
#include <drm/drm_print.h>
#include <drm/drm_probe_helper.h>
#include <drm/drm_property.h>
#include <drm/drm_vblank.h>

#include "xdf_fb.h"
#include "xdf_kms.h"

#define XDF_MAX_HZ	1000

/* With the picture, held from prepare to cleanup. */
struct xdf_plane_state {
	struct drm_plane_state base;
	struct xdf_dbuf *dbuf;
};

#define to_xdf_plane_state(s)	container_of(s, struct xdf_plane_state, base)
#define plane_to_output(p)	container_of(p, struct xdf_output, plane)
#define crtc_to_output(c)	container_of(c, struct xdf_output, crtc)

static const u64 xdf_modifiers[] = { DRM_FORMAT_MOD_LINEAR, DRM_FORMAT_MOD_INVALID };

/* Framebuffers */

/* Not a commit: who draws at will must not wait for each refresh. */
static int xdf_fb_dirty(struct drm_framebuffer *base, struct drm_file *file, unsigned int flags,
			unsigned int color, struct drm_clip_rect *clips, unsigned int num_clips)
{
	struct drm_crtc *crtc;
	int ret;

	/* who is interrupted by a signal asks again */
	ret = xdf_fb_update(base, clips, num_clips);
	if (ret)
		return ret;
	drm_for_each_crtc(crtc, base->dev)
		xdf_scanout_damage(&crtc_to_output(crtc)->scanout, base);
	/* the console's work: a screen that scrolls is drawn row by row */
	if (!file || !file->filp)
		xdf_fb_pace(base);
	return 0;
}

static const struct drm_framebuffer_funcs xdf_fb_funcs = {
	.destroy = xdf_fb_destroy,
	.create_handle = drm_gem_fb_create_handle,
	.dirty = xdf_fb_dirty,
};

static struct drm_framebuffer *xdf_kms_fb_create(struct drm_device *drm, struct drm_file *file,
						 const struct drm_format_info *info,
						 const struct drm_mode_fb_cmd2 *cmd)
{
	if (!xdf_format_bit(cmd->pixel_format)) {
		drm_dbg_kms(drm, "format %p4cc is not supported\n", &cmd->pixel_format);
		return ERR_PTR(-EINVAL);
	}
	if ((cmd->flags & DRM_MODE_FB_MODIFIERS) && cmd->modifier[0] != DRM_FORMAT_MOD_LINEAR) {
		drm_dbg_kms(drm, "modifier %#llx is not linear\n", cmd->modifier[0]);
		return ERR_PTR(-EINVAL);
	}
	/* all outputs have the same */
	return xdf_fb_create(crtc_to_output(drm_crtc_from_index(drm, 0))->dbufs, file, info, cmd,
			     &xdf_fb_funcs);
}

/* The part of a framebuffer that a visible plane shows on the screen. */
static void xdf_plane_area(const struct drm_plane_state *state, struct drm_rect *area)
{
	drm_rect_init(area, state->src.x1 >> 16, state->src.y1 >> 16,
		      drm_rect_width(&state->src) >> 16, drm_rect_height(&state->src) >> 16);
}

/* Where that lies in the buffer. */
static void xdf_plane_layout(const struct drm_plane_state *state, struct xdf_layout *l)
{
	const struct drm_framebuffer *fb = state->fb;
	struct drm_rect area;

	xdf_plane_area(state, &area);
	l->cpp = fb->format->cpp[0];
	l->pitch = fb->pitches[0];
	l->width = drm_rect_width(&area);
	l->height = drm_rect_height(&area);
	l->offset = fb->offsets[0] + area.y1 * l->pitch + area.x1 * l->cpp;
}

/* Planes */

static int xdf_plane_helper_atomic_check(struct drm_plane *plane, struct drm_atomic_commit *commit)
{
	struct drm_plane_state *state = drm_atomic_get_new_plane_state(commit, plane);
	struct drm_crtc_state *crtc_state = NULL;
	struct xdf_layout layout;
	int ret;

	if (state->crtc)
		crtc_state = drm_atomic_get_new_crtc_state(commit, state->crtc);
	ret = drm_atomic_helper_check_plane_state(state, crtc_state, DRM_PLANE_NO_SCALING,
						  DRM_PLANE_NO_SCALING, false, true);
	if (ret || !state->fb)
		return ret;
	if ((state->src_x | state->src_y | state->src_w | state->src_h) & 0xffff) {
		drm_dbg_kms(plane->dev, "source is not at whole pixels\n");
		return -EINVAL;
	}
	if (!state->visible)
		return 0;
	xdf_plane_layout(state, &layout);
	return xdf_layout_fits(&layout, to_xdf_gem(state->fb->obj[0])->limit);
}

/* The whole CRTC is flushed at once, in its own hook. */
static void xdf_plane_helper_atomic_update(struct drm_plane *plane,
					   struct drm_atomic_commit *commit)
{
}

static int xdf_plane_helper_prepare_fb(struct drm_plane *plane, struct drm_plane_state *state)
{
	struct xdf_layout layout;
	struct xdf_dbuf *dbuf;
	int ret;

	if (!state->fb)
		return 0;
	ret = drm_gem_plane_helper_prepare_fb(plane, state);
	if (ret || !state->visible)
		return ret;
	xdf_plane_layout(state, &layout);
	/* the scanout waits for the backend to know it, userspace does not */
	dbuf = xdf_fb_dbuf(state->fb, &layout, drm_crtc_index(state->crtc));
	if (!IS_ERR(dbuf))
		to_xdf_plane_state(state)->dbuf = dbuf;
	return PTR_ERR_OR_ZERO(dbuf);
}

static void xdf_plane_helper_cleanup_fb(struct drm_plane *plane, struct drm_plane_state *state)
{
	struct xdf_plane_state *xstate = to_xdf_plane_state(state);

	xdf_dbuf_put(xstate->dbuf);
	xstate->dbuf = NULL;
}

/* Where the panic screen is drawn: in the picture that is wanted now. */
static int xdf_plane_helper_get_scanout_buffer(struct drm_plane *plane,
					       struct drm_scanout_buffer *sb)
{
	struct xdf_dbuf *d = plane->state ? to_xdf_plane_state(plane->state)->dbuf : NULL;
	const struct xdf_layout *l;

	if (!d)
		return -ENODEV;
	l = &d->layout;
	sb->format = plane->state->fb->format;
	sb->width = l->width;
	sb->height = l->height;
	sb->pitch[0] = l->pitch;
	if (d->shadow) {
		sb->map[0] = d->shadow->map;
		sb->map[0].vaddr += l->offset;
		return 0;
	}
	/* an import has none, perhaps, and no shadow before it is attached */
	if (!d->gem->mem || offset_in_page(l->offset) ||
	    !compat_panic_set_pages(sb, d->gem->mem->pages + (l->offset >> PAGE_SHIFT)))
		return -EOPNOTSUPP;
	return 0;
}

static void xdf_plane_helper_panic_flush(struct drm_plane *plane)
{
	struct xdf_dbuf *d = to_xdf_plane_state(plane->state)->dbuf;

	if (d->shadow)
		xdf_shadow_panic(d->shadow);
	xdf_scanout_panic(&plane_to_output(plane)->scanout);
}

static const struct drm_plane_helper_funcs xdf_plane_helper_funcs = {
	.prepare_fb = xdf_plane_helper_prepare_fb,
	.cleanup_fb = xdf_plane_helper_cleanup_fb,
	.atomic_check = xdf_plane_helper_atomic_check,
	.atomic_update = xdf_plane_helper_atomic_update,
	.get_scanout_buffer = xdf_plane_helper_get_scanout_buffer,
	.panic_flush = xdf_plane_helper_panic_flush,
};

static void xdf_plane_destroy_state(struct drm_plane *plane, struct drm_plane_state *state)
{
	xdf_plane_helper_cleanup_fb(plane, state);
	__drm_atomic_helper_plane_destroy_state(state);
	kfree(to_xdf_plane_state(state));
}

static void xdf_plane_reset(struct drm_plane *plane)
{
	struct xdf_plane_state *xstate = kzalloc(sizeof(*xstate), GFP_KERNEL);

	if (plane->state)
		xdf_plane_destroy_state(plane, plane->state);
	plane->state = NULL;
	if (xstate)
		__drm_atomic_helper_plane_reset(plane, &xstate->base);
}

static struct drm_plane_state *xdf_plane_duplicate_state(struct drm_plane *plane)
{
	struct xdf_plane_state *xstate;

	if (WARN_ON(!plane->state))
		return NULL;
	/* the dbuf is not inherited: preparing the new state finds it */
	xstate = kzalloc(sizeof(*xstate), GFP_KERNEL);
	if (!xstate)
		return NULL;
	__drm_atomic_helper_plane_duplicate_state(plane, &xstate->base);
	return &xstate->base;
}

static bool xdf_plane_format_mod_supported(struct drm_plane *plane, u32 format, u64 modifier)
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

/* CRTCs */

/* Length of a refresh in ns; 0 when it is none that a timer could follow. */
static u64 xdf_mode_period(const struct drm_display_mode *mode)
{
	u64 period, pixels = (u64)mode->htotal * mode->vtotal;

	if (mode->clock <= 0 || !pixels)
		return 0;
	period = div_u64(pixels * NSEC_PER_MSEC, mode->clock);
	return period < NSEC_PER_SEC / XDF_MAX_HZ || period > NSEC_PER_SEC ? 0 : period;
}

static enum drm_mode_status xdf_crtc_helper_mode_valid(struct drm_crtc *crtc,
						       const struct drm_display_mode *mode)
{
	if (!mode->hdisplay || !mode->vdisplay ||
	    mode->hdisplay > XDF_MAX_SIDE || mode->vdisplay > XDF_MAX_SIDE ||
	    xdf_connector_rejects(&crtc_to_output(crtc)->connector, mode->hdisplay, mode->vdisplay))
		return MODE_BAD;
	if (mode->flags & DRM_MODE_FLAG_INTERLACE)
		return MODE_NO_INTERLACE;
	if (mode->flags & DRM_MODE_FLAG_DBLSCAN)
		return MODE_NO_DBLESCAN;
	return xdf_mode_period(mode) ? MODE_OK : MODE_CLOCK_RANGE;
}

static int xdf_crtc_helper_atomic_check(struct drm_crtc *crtc, struct drm_atomic_commit *commit)
{
	/* a mode is set with a picture; without one the connector is dark */
	return drm_atomic_add_affected_planes(commit, crtc);
}

static void xdf_crtc_helper_atomic_enable(struct drm_crtc *crtc, struct drm_atomic_commit *commit)
{
	struct xdf_output *output = crtc_to_output(crtc);
	const struct drm_display_mode *mode = &crtc->state->adjusted_mode;

	xdf_scanout_enable(&output->scanout, mode->hdisplay, mode->vdisplay, xdf_mode_period(mode));
	drm_crtc_vblank_on(crtc);
}

static void xdf_crtc_helper_atomic_disable(struct drm_crtc *crtc, struct drm_atomic_commit *commit)
{
	drm_crtc_vblank_off(crtc);
	xdf_scanout_disable(&crtc_to_output(crtc)->scanout);
}

/* A shadow follows the picture. Damage is only that since the last one, in the same buffer. */
static void xdf_plane_update_shadow(struct drm_plane_state *old, struct drm_plane_state *state)
{
	struct xdf_dbuf *d = to_xdf_plane_state(state)->dbuf;
	struct drm_rect damage, area;

	if (!d)
		return;
	if (!old || old->fb != state->fb) {
		xdf_dbuf_update(d, NULL);
		return;
	}
	xdf_plane_area(state, &area);
	if (!drm_atomic_helper_damage_merged(old, state, &damage) ||
	    !drm_rect_intersect(&damage, &area))
		return;
	drm_rect_translate(&damage, -area.x1, -area.y1);
	xdf_dbuf_update(d, &damage);
}

static void xdf_crtc_helper_atomic_flush(struct drm_crtc *crtc, struct drm_atomic_commit *commit)
{
	struct xdf_output *output = crtc_to_output(crtc);
	struct drm_plane_state *state = output->plane.state;
	struct drm_pending_vblank_event *event = crtc->state->event;
	bool held = false;

	crtc->state->event = NULL;
	if (crtc->state->active) {
		/* with the reference the scanout sends the event */
		held = event && !drm_crtc_vblank_get(crtc);
		xdf_plane_update_shadow(drm_atomic_get_old_plane_state(commit, &output->plane),
					state);
		xdf_scanout_show(&output->scanout, to_xdf_plane_state(state)->dbuf, state->fb,
				 held ? event : NULL, compat_is_async_flip(crtc->state));
	}
	if (!event || held)
		return;
	spin_lock_irq(&crtc->dev->event_lock);
	drm_crtc_send_vblank_event(crtc, event);
	spin_unlock_irq(&crtc->dev->event_lock);
}

static const struct drm_crtc_helper_funcs xdf_crtc_helper_funcs = {
	.mode_valid = xdf_crtc_helper_mode_valid,
	.atomic_check = xdf_crtc_helper_atomic_check,
	.atomic_enable = xdf_crtc_helper_atomic_enable,
	.atomic_disable = xdf_crtc_helper_atomic_disable,
	.atomic_flush = xdf_crtc_helper_atomic_flush,
};

static int xdf_crtc_enable_vblank(struct drm_crtc *crtc)
{
	xdf_scanout_start_vblanks(&crtc_to_output(crtc)->scanout);
	return 0;
}

static void xdf_crtc_disable_vblank(struct drm_crtc *crtc)
{
	xdf_scanout_stop_vblanks(&crtc_to_output(crtc)->scanout);
}

static bool __maybe_unused xdf_crtc_get_vblank_timestamp(struct drm_crtc *crtc, int *max_error,
							 ktime_t *time, bool in_vblank_irq)
{
	*time = xdf_scanout_vblank_time(&crtc_to_output(crtc)->scanout);
	return true;
}

static int xdf_crtc_set_crc_source(struct drm_crtc *crtc, const char *source)
{
	return xdf_crc_set_source(&crtc_to_output(crtc)->scanout, source);
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
	.verify_crc_source = xdf_crc_verify_source,
	COMPAT_CRTC_VBLANK_TIME(xdf_crtc_get_vblank_timestamp)
};

/* Encoders and connectors */

static const struct drm_encoder_funcs xdf_encoder_funcs = { .destroy = drm_encoder_cleanup };

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
	int count = xdf_connector_add_modes(to_xdf_connector(connector));
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

static enum drm_connector_status xdf_connector_detect(struct drm_connector *connector, bool force)
{
	return READ_ONCE(to_xdf_connector(connector)->width) ?
		connector_status_connected : connector_status_disconnected;
}

static const struct drm_connector_funcs xdf_connector_funcs = {
	.detect = xdf_connector_detect,
	.fill_modes = drm_helper_probe_single_connector_modes,
	.destroy = drm_connector_cleanup,
	.reset = drm_atomic_helper_connector_reset,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
};

/* The whole */

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

/*
 * Flips: a commit that changes the picture of one CRTC, and for which nothing has to be waited
 * for, is done by its caller, without a work item. Nothing is left of it then: outputs hold the
 * dbufs of what they show and are to show, and the event what waits for it.
 * Return: whether it is one; -EBUSY while an earlier one is not shown yet.
 */
static int commit_is_flip(const struct drm_atomic_commit *commit)
{
	struct drm_crtc_state *old, *state;
	unsigned int crtcs = 0;
	struct drm_crtc *crtc;
	bool flip = false;
	int i;

	for_each_oldnew_crtc_in_state(commit, crtc, old, state, i) {
		/* its end is not the one that DRM looks for among commits not cleaned up */
		if (old->commit && !completion_done(&old->commit->flip_done))
			return -EBUSY;
		flip = !crtcs++ && state->active && !drm_atomic_crtc_needs_modeset(state) &&
			(!old->commit || completion_done(&old->commit->hw_done));
	}
	return flip;
}

/* Another driver draws yet, or there is a picture to be copied. */
static bool commit_takes_time(const struct drm_atomic_commit *commit)
{
	struct drm_plane_state *state;
	struct drm_plane *plane;
	int i;

	for_each_new_plane_in_state(commit, plane, state, i) {
		struct xdf_dbuf *d = to_xdf_plane_state(state)->dbuf;

		if ((state->fence && !dma_fence_is_signaled(state->fence)) ||
		    (d && READ_ONCE(d->shadow)))
			return true;
	}
	return false;
}

static void xdf_flip(struct drm_atomic_commit *commit)
{
	drm_atomic_helper_commit_planes(commit->dev, commit, 0);
	drm_atomic_helper_commit_hw_done(commit);
	drm_atomic_helper_cleanup_planes(commit->dev, commit);
	drm_atomic_helper_commit_cleanup_done(commit);
	drm_atomic_commit_put(commit);
}

static void xdf_slow_flip_work(struct work_struct *work)
{
	struct drm_atomic_commit *commit = container_of(work, typeof(*commit), commit_work);

	drm_atomic_helper_wait_for_fences(commit->dev, commit, false);
	xdf_flip(commit);
}

static int xdf_atomic_commit(struct drm_device *drm, struct drm_atomic_commit *commit,
			     bool nonblock)
{
	int ret = nonblock ? commit_is_flip(commit) : 0;

	if (ret < 0)
		return ret;
	if (!ret)
		return drm_atomic_helper_commit(drm, commit, nonblock);
	ret = drm_atomic_helper_setup_commit(commit, true);
	if (!ret)
		ret = drm_atomic_helper_prepare_planes(drm, commit);
	if (ret)
		return ret;
	/* does not fail, as it does not wait */
	ret = drm_atomic_helper_swap_state(commit, false);
	if (WARN_ON(ret))
		return ret;
	drm_atomic_commit_get(commit);
	if (commit_takes_time(commit)) {
		INIT_WORK(&commit->commit_work, xdf_slow_flip_work);
		queue_work(system_unbound_wq, &commit->commit_work);
	} else {
		xdf_flip(commit);
	}
	return 0;
}

static const struct drm_mode_config_helper_funcs xdf_mode_config_helper_funcs = {
	.atomic_commit_tail = xdf_commit_tail,
};

static const struct drm_mode_config_funcs xdf_mode_config_funcs = {
	.fb_create = xdf_kms_fb_create,
	.atomic_check = drm_atomic_helper_check,
	.atomic_commit = xdf_atomic_commit,
};

static int xdf_output_init(struct drm_device *drm, struct xdf_output *output,
			   struct drm_property *hotplug_mode_update)
{
	struct drm_connector *connector = &output->connector.base;
	int ret;

	ret = drm_universal_plane_init(drm, &output->plane, 0, &xdf_plane_funcs, xdf_formats,
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

	ret = drm_encoder_init(drm, &output->encoder, &xdf_encoder_funcs,
			       DRM_MODE_ENCODER_VIRTUAL, NULL);
	if (ret)
		return ret;
	output->encoder.possible_crtcs = drm_crtc_mask(&output->crtc);

	ret = drm_connector_init(drm, connector, &xdf_connector_funcs, DRM_MODE_CONNECTOR_VIRTUAL);
	if (ret)
		return ret;
	drm_connector_helper_add(connector, &xdf_connector_helper_funcs);
	/* which DRM leaves out of virtual ones */
	drm_connector_attach_edid_property(connector);
	/* asks desktops to take the preferred mode whenever that changes */
	drm_object_attach_property(&connector->base, hotplug_mode_update, 1);
	return drm_connector_attach_encoder(connector, &output->encoder);
}

/*
 * A connector has another size in XenStore; of width 0 when it is disconnected.
 * Context: under mode_config.mutex, once userspace knows the device.
 */
void xdf_kms_set_size(struct xdf_output *output, u32 width, u32 height)
{
	const char *why = width ? xdf_no_console(width, height) : NULL;
	struct xdf_connector *c = &output->connector;

	WRITE_ONCE(c->height, height);
	WRITE_ONCE(c->width, width);
	if (why)
		drm_info(c->base.dev, "connector %u: no text console: %ux%u %s\n", c->channel->node,
			 width, height, why);
}

/*
 * Planes, CRTCs, connectors of a device that is not registered; they end with it.
 * @hotplug is queued when modes have changed; @wq is unbound.
 */
int xdf_kms_init(struct drm_device *drm, struct xdf_output *outputs, unsigned int count,
		 struct xdf_dbufs *dbufs, struct work_struct *hotplug, struct workqueue_struct *wq)
{
	struct drm_property *hotplug_mode_update;
	unsigned int i;
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
	drm->mode_config.funcs = COMPAT_MODE_CONFIG_FUNCS(&xdf_mode_config_funcs);
	drm->mode_config.helper_private = &xdf_mode_config_helper_funcs;
	hotplug_mode_update = drm_property_create_range(drm, DRM_MODE_PROP_IMMUTABLE,
							"hotplug_mode_update", 0, 1);
	if (!hotplug_mode_update)
		return -ENOMEM;

	for (i = 0; i < count; i++) {
		struct xdf_output *output = &outputs[i];

		output->dbufs = dbufs;
		output->connector.channel = &output->scanout.channel;
		output->connector.hotplug = hotplug;
		xdf_scanout_init(&output->scanout, &output->crtc, &output->connector, wq);
		ret = xdf_output_init(drm, output, hotplug_mode_update);
		if (ret)
			return ret;
	}
	ret = drm_vblank_init(drm, count);
	if (ret)
		return ret;
	/* between a client's flips, and the console's, nothing ticks */
	drm->vblank_disable_immediate = compat_has_vblank_time;
	drm_mode_config_reset(drm);
	return 0;
}
