// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does fb_create take the format's description? */
#include <drm/drm_mode_config.h>

static struct drm_framebuffer *drm_fb_create_info_fn(struct drm_device *dev,
		struct drm_file *file, const struct drm_format_info *info,
		const struct drm_mode_fb_cmd2 *cmd)
{
	return NULL;
}

static struct drm_mode_config_funcs drm_fb_create_info = {
	.fb_create = drm_fb_create_info_fn,
};
