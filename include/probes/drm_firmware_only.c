// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_firmware_drivers_only()? */
#include <drm/drm_drv.h>

static bool drm_firmware_only(void)
{
	return drm_firmware_drivers_only();
}
