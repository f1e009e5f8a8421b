// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What every DRM since the one of Linux 5.1 has. */
/* required: drm_gem_object_funcs and damage clips of Linux 5.1's DRM */
#include <drm/drm_device.h>
#include <drm/drm_gem.h>
#include <drm/drm_mode_config.h>

static size_t drm_base(void)
{
	return sizeof(((struct drm_gem_object *)0)->funcs) +
	       sizeof(((struct drm_mode_config *)0)->prop_fb_damage_clips);
}
