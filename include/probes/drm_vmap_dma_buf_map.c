// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Do buffers map into a struct dma_buf_map? */
#include <drm/drm_gem.h>

struct dma_buf_map;
static int drm_vmap_dma_buf_map_fn(struct drm_gem_object *obj, struct dma_buf_map *map)
{
	return 0;
}

static struct drm_gem_object_funcs drm_vmap_dma_buf_map = {
	.vmap = drm_vmap_dma_buf_map_fn,
};
