// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is a driver's description constant? */
#include <drm/drm_drv.h>

static struct drm_device *drm_driver_const(const struct drm_driver *driver)
{
	return drm_dev_alloc(driver, NULL);
}
