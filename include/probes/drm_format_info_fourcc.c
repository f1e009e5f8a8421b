// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does drm_get_format_info() take format and modifier? */
#include <drm/drm_fourcc.h>

static const struct drm_format_info *drm_format_info_fourcc(struct drm_device *dev)
{
	return drm_get_format_info(dev, (u32)0, (u64)0);
}
