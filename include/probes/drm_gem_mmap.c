// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does a buffer have a hook to be mapped? */
#include <drm/drm_gem.h>

static int drm_gem_mmap_fn(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	return 0;
}

static struct drm_gem_object_funcs drm_gem_mmap_probe = {
	.mmap = drm_gem_mmap_fn,
};
