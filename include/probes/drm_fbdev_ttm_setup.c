// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_fbdev_ttm_setup()? */
/* gives: the text console */
/* needs symbol: drm_fbdev_ttm_setup */
#if __has_include(<drm/drm_fbdev_ttm.h>)
#include <drm/drm_fbdev_ttm.h>
#endif

#ifndef CONFIG_DRM_FBDEV_EMULATION
#error "what is there does nothing"
#endif

static void drm_fbdev_ttm_setup_ask(struct drm_device *dev)
{
	drm_fbdev_ttm_setup(dev, 32);
}
