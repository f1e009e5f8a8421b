// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there a fbdev that draws through dumb buffers, set up as a client? */
/* gives: the text console */
/* needs symbol: drm_client_setup */
/* needs symbol: drm_fbdev_ttm_driver_fbdev_probe */
#if __has_include(<drm/drm_fbdev_ttm.h>)
#include <drm/drm_drv.h>
#include <drm/drm_fbdev_ttm.h>
#endif

static struct drm_driver drm_fbdev_ttm_probe = {
	.fbdev_probe = drm_fbdev_ttm_driver_fbdev_probe,
};
