// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does a driver have a date? */
#include <drm/drm_drv.h>

static struct drm_driver drm_driver_date = {
	.date = "",
};
