// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does a driver's debugfs_init return nothing? */
#include <drm/drm_drv.h>

static void drm_debugfs_void_fn(struct drm_minor *minor)
{
}

static struct drm_driver drm_debugfs_void = {
	.debugfs_init = drm_debugfs_void_fn,
};
