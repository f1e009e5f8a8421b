// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What every DRM since the one of Linux 5.10 has. */
/* required: drm_gem_object_funcs.mmap and devm_drm_dev_alloc() of Linux 5.10's DRM */
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>

static size_t drm_base(void)
{
#ifndef devm_drm_dev_alloc
#error "no devm_drm_dev_alloc()"
#endif
	return sizeof(((struct drm_gem_object_funcs *)0)->mmap) +
	       sizeof(((struct drm_gem_object *)0)->funcs);
}
