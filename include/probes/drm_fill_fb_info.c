// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does drm_helper_mode_fill_fb_struct() take the format's description? */
#include <drm/drm_modeset_helper.h>

static void drm_fill_fb_info(struct drm_device *dev, struct drm_framebuffer *fb,
			     const struct drm_format_info *info,
			     const struct drm_mode_fb_cmd2 *cmd)
{
	drm_helper_mode_fill_fb_struct(dev, fb, info, cmd);
}
