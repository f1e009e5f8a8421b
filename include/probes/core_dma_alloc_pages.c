// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there dma_alloc_pages()? */
/* needs symbol: dma_alloc_pages */
#include <linux/dma-mapping.h>

static struct page *core_dma_alloc_pages(struct device *dev, dma_addr_t *dma)
{
	return dma_alloc_pages(dev, PAGE_SIZE, dma, DMA_BIDIRECTIONAL, GFP_KERNEL);
}
