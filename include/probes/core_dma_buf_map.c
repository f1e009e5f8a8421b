// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there struct dma_buf_map? */
#if __has_include(<linux/dma-buf-map.h>)
#include <linux/dma-buf-map.h>
#endif

static void *core_dma_buf_map(struct dma_buf_map *map)
{
	dma_buf_map_set_vaddr(map, NULL);
	return map->vaddr;
}
