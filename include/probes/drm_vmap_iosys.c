// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Do buffers map into a struct iosys_map? */
#include <drm/drm_gem.h>

struct iosys_map;
static int drm_vmap_iosys_fn(struct drm_gem_object *obj, struct iosys_map *map)
{
	return 0;
}

static struct drm_gem_object_funcs drm_vmap_iosys = {
	.vmap = drm_vmap_iosys_fn,
};
