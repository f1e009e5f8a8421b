// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does the name say who holds the lock? */
#include <linux/dma-buf.h>

static int core_dma_buf_vmap_unlocked(struct dma_buf *buf, struct iosys_map *map)
{
	return dma_buf_vmap_unlocked(buf, map);
}
