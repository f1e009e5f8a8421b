// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does mapping a dma-buf return the address? */
#include <linux/dma-buf.h>

static void core_dma_buf_vmap_pointer(struct dma_buf *buf)
{
	dma_buf_vunmap(buf, dma_buf_vmap(buf));
}
