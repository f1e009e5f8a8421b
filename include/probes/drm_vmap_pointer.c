// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does mapping a buffer return the address? */
#include <drm/drm_gem.h>

static void *drm_vmap_pointer_fn(struct drm_gem_object *obj)
{
	return NULL;
}

static struct drm_gem_object_funcs drm_vmap_pointer = {
	.vmap = drm_vmap_pointer_fn,
};
