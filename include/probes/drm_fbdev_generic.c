// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_fbdev_generic_setup()? */
/* needs symbol: drm_fbdev_generic_setup */
#include <drm/drm_fb_helper.h>
#if __has_include(<drm/drm_fbdev_generic.h>)
#include <drm/drm_fbdev_generic.h>
#endif

static void drm_fbdev_generic(struct drm_device *dev)
{
	drm_fbdev_generic_setup(dev, 32);
}
