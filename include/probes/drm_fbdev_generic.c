// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_fbdev_generic_setup()? */
/* gives: the text console */
/* needs symbol: drm_fbdev_generic_setup */
#include <drm/drm_fb_helper.h>
#if __has_include(<drm/drm_fbdev_generic.h>)
#include <drm/drm_fbdev_generic.h>
#endif

#ifndef CONFIG_DRM_FBDEV_EMULATION
#error "what is there does nothing"
#endif

static void drm_fbdev_generic(struct drm_device *dev)
{
	drm_fbdev_generic_setup(dev, 32);
}
