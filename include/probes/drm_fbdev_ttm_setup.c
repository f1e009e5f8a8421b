// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_fbdev_ttm_setup()? */
/* needs symbol: drm_fbdev_ttm_setup */
#if __has_include(<drm/drm_fbdev_ttm.h>)
#include <drm/drm_fbdev_ttm.h>
#endif

static void drm_fbdev_ttm_setup_ask(struct drm_device *dev)
{
	drm_fbdev_ttm_setup(dev, 32);
}
