// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does a driver say how to restore the console? */
#include <drm/drm_drv.h>

static void drm_driver_lastclose_fn(struct drm_device *dev)
{
}

static struct drm_driver drm_driver_lastclose = {
	.lastclose = drm_driver_lastclose_fn,
};
