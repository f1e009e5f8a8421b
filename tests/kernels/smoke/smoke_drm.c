// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/iosys-map.h>
#include <drm/clients/drm_client_setup.h>
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_edid.h>
#include <drm/drm_file.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_mode_config.h>
#include <drm/drm_modeset_helper.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_panic.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/drm_probe_helper.h>
#include <drm/drm_rect.h>

#include "smoke.h"

static int smoke_plane_check(struct drm_plane *plane,
			     struct drm_atomic_commit *commit)
{
	struct drm_plane_state *state = drm_atomic_get_new_plane_state(commit, plane);
	struct drm_crtc_state *crtc_state;

	if (!state->crtc)
		return 0;
	crtc_state = drm_atomic_get_new_crtc_state(commit, state->crtc);
	return drm_atomic_helper_check_plane_state(state, crtc_state,
						   DRM_PLANE_NO_SCALING,
						   DRM_PLANE_NO_SCALING,
						   false, false);
}

static void smoke_plane_update(struct drm_plane *plane,
			       struct drm_atomic_commit *commit)
{
	drm_dbg_kms(plane->dev, "%p\n", drm_atomic_get_old_plane_state(commit, plane));
}

static int smoke_panic(struct drm_plane *plane,
		       struct drm_scanout_buffer *sb)
{
	sb->width = 1;
	iosys_map_clear(&sb->map[0]);
	return compat_panic_set_pages(sb, NULL) ? 0 : -ENODEV;
}

static void smoke_panic_flush(struct drm_plane *plane)
{
}

static const struct drm_plane_helper_funcs smoke_plane_funcs = {
	.prepare_fb = drm_gem_plane_helper_prepare_fb,
	.atomic_check = smoke_plane_check,
	.atomic_update = smoke_plane_update,
	.get_scanout_buffer = smoke_panic,
	.panic_flush = smoke_panic_flush,
};

static bool __maybe_unused smoke_async_format(struct drm_plane *plane, u32 format,
					       u64 modifier)
{
	return modifier == DRM_FORMAT_MOD_LINEAR;
}

static const struct drm_plane_funcs smoke_plane_own_funcs __maybe_unused = {
	COMPAT_PLANE_ASYNC_FORMATS(smoke_async_format)
};

static int smoke_crtc_check(struct drm_crtc *crtc, struct drm_atomic_commit *commit)
{
	return drm_atomic_add_affected_planes(commit, crtc);
}

static void smoke_crtc_flush(struct drm_crtc *crtc, struct drm_atomic_commit *commit)
{
	if (compat_is_async_flip(crtc->state))
		drm_dbg_kms(crtc->dev, "at once\n");
	drm_atomic_commit_put(commit);
}

static void smoke_crtc_enable(struct drm_crtc *crtc, struct drm_atomic_commit *commit)
{
}

static void smoke_crtc_disable(struct drm_crtc *crtc, struct drm_atomic_commit *commit)
{
}

static const struct drm_crtc_helper_funcs smoke_crtc_funcs = {
	.atomic_check = smoke_crtc_check,
	.atomic_flush = smoke_crtc_flush,
	.atomic_enable = smoke_crtc_enable,
	.atomic_disable = smoke_crtc_disable,
};

static bool __maybe_unused smoke_vblank_time(struct drm_crtc *crtc, int *max_error,
					     ktime_t *time, bool in_vblank_irq)
{
	return false;
}

static const struct drm_crtc_funcs smoke_crtc_base_funcs = {
	.destroy = drm_crtc_cleanup,
	COMPAT_CRTC_VBLANK_TIME(smoke_vblank_time)
};

static void smoke_encoder_enable(struct drm_encoder *encoder,
				 struct drm_atomic_commit *commit)
{
}

static const struct drm_encoder_helper_funcs smoke_encoder_funcs = {
	.atomic_enable = smoke_encoder_enable,
};

static int smoke_edid_block(void *context, u8 *buf, unsigned int block, size_t len)
{
	return -1;
}

static int smoke_get_modes(struct drm_connector *connector)
{
	const struct drm_edid *edid;
	int count;

	edid = drm_edid_read_custom(connector, smoke_edid_block, NULL);
	drm_edid_connector_update(connector, edid);
	count = drm_edid_connector_add_modes(connector);
	drm_edid_free(edid);
	return count;
}

static const struct drm_connector_helper_funcs smoke_connector_funcs = {
	.get_modes = smoke_get_modes,
};

static struct drm_framebuffer *
smoke_fb_create(struct drm_device *dev, struct drm_file *file,
		const struct drm_format_info *info,
		const struct drm_mode_fb_cmd2 *cmd)
{
	struct drm_framebuffer *fb = kzalloc(sizeof(*fb), GFP_KERNEL);

	if (!fb)
		return ERR_PTR(-ENOMEM);
	drm_helper_mode_fill_fb_struct(dev, fb, info, cmd);
	return fb;
}

static const struct drm_mode_config_funcs smoke_mode_config_funcs = {
	.fb_create = smoke_fb_create,
	.atomic_check = drm_atomic_helper_check,
	.atomic_commit = drm_atomic_helper_commit,
};

static void smoke_commit_tail(struct drm_atomic_commit *commit)
{
	drm_atomic_helper_commit_tail(commit);
}

static const struct drm_mode_config_helper_funcs smoke_mode_config_helpers = {
	.atomic_commit_tail = smoke_commit_tail,
};

static void smoke_gem_free(struct drm_gem_object *obj)
{
	if (obj->import_attach)
		drm_prime_gem_destroy(obj, NULL);
}

static int smoke_gem_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	iosys_map_set_vaddr(map, obj);
	return 0;
}

static struct sg_table *smoke_gem_sg_table(struct drm_gem_object *obj)
{
	struct page *pages[1] = { NULL };

	return drm_prime_pages_to_sg(obj->dev, pages, 1);
}

static int smoke_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct drm_gem_object_funcs smoke_gem_funcs = {
	.free = smoke_gem_free,
	.get_sg_table = smoke_gem_sg_table,
	.mmap = smoke_gem_mmap,
	.vmap = smoke_gem_vmap,
};

static struct drm_gem_object *smoke_import(struct drm_device *dev,
					   struct dma_buf_attachment *attach,
					   struct sg_table *sgt)
{
	struct page *pages[1];
	int ret = drm_prime_sg_to_page_array(sgt, pages, 1);

	return ERR_PTR(ret ?: -EINVAL);
}

DEFINE_DRM_GEM_FOPS(smoke_fops);

static void smoke_debugfs(struct drm_minor *minor)
{
	drm_info(minor->dev, "debugfs\n");
}

const struct drm_driver smoke_drm_driver = {
	.driver_features = DRIVER_MODESET | DRIVER_ATOMIC | DRIVER_GEM,
	.name = "smoke",
	.desc = "smoke",
	.major = 1,
	.fops = &smoke_fops,
	.gem_prime_import_sg_table = smoke_import,
	.debugfs_init = smoke_debugfs,
	DRM_FBDEV_TTM_DRIVER_OPS,
};

struct smoke_card {
	struct drm_device drm;
	struct drm_gem_object obj;
	struct drm_plane plane;
	struct drm_crtc crtc;
	struct drm_encoder encoder;
	struct drm_connector connector;
};

static void smoke_end(struct drm_device *drm, void *data)
{
	struct smoke_card *card = data;

	drm_encoder_cleanup(&card->encoder);
}

int smoke_drm(struct device *dev)
{
	struct smoke_card *card;
	struct drm_rect rect;

	if (drm_firmware_drivers_only())
		return -ENODEV;
	card = devm_drm_dev_alloc(dev, &smoke_drm_driver, struct smoke_card, drm);
	if (IS_ERR(card))
		return PTR_ERR(card);
	if (!drmm_kcalloc(&card->drm, 1, 1, GFP_KERNEL) ||
	    drmm_add_action_or_reset(&card->drm, smoke_end, card) ||
	    drmm_mode_config_init(&card->drm)) {
		drm_err(&card->drm, "no memory\n");
		return -ENOMEM;
	}
	drm_rect_init(&rect, 0, 0, 1, 1);
	drm_warn(&card->drm, "%d\n", drm_rect_width(&rect));
	drm_warn_once(&card->drm, "once\n");
	card->crtc.funcs = &smoke_crtc_base_funcs;
	card->obj.funcs = COMPAT_GEM_FUNCS(&smoke_gem_funcs);
	drm_gem_object_put(&card->obj);
	card->drm.mode_config.funcs = COMPAT_MODE_CONFIG_FUNCS(&smoke_mode_config_funcs);
	card->drm.mode_config.helper_private = &smoke_mode_config_helpers;
	drm_plane_helper_add(&card->plane, &smoke_plane_funcs);
	drm_crtc_helper_add(&card->crtc, &smoke_crtc_funcs);
	drm_encoder_helper_add(&card->encoder, &smoke_encoder_funcs);
	drm_connector_helper_add(&card->connector, &smoke_connector_funcs);
	drm_client_setup(&card->drm, NULL);
	return 0;
}
