// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does a driver have to say that it exports buffers? */
#include <drm/drm_drv.h>

static unsigned int drm_driver_prime(void)
{
	return DRIVER_PRIME;
}
