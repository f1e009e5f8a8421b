// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is "no scaling" among the atomic helpers? */
#include <drm/drm_atomic_helper.h>

static int drm_no_scaling(void)
{
	return DRM_PLANE_NO_SCALING;
}
