// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/hrtimer.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "smoke.h"

static struct hrtimer smoke_timer;

static enum hrtimer_restart smoke_hrtimer(struct hrtimer *timer)
{
	return HRTIMER_NORESTART;
}

int smoke_buf(struct device *dev, struct dma_buf *buf)
{
	struct iosys_map map;
	dma_addr_t dma;
	struct page *page;
	int ret = dma_buf_vmap_unlocked(buf, &map);

	if (!ret)
		dma_buf_vunmap_unlocked(buf, &map);
	page = dma_alloc_pages(dev, PAGE_SIZE, &dma, DMA_BIDIRECTIONAL, GFP_KERNEL);
	if (page)
		dma_free_pages(dev, PAGE_SIZE, page, dma, DMA_BIDIRECTIONAL);
	return ret;
}

static int smoke_memory(void)
{
	struct shrinker *shrinker = shrinker_alloc(0, "smoke");
	struct page *pages = alloc_pages(GFP_KERNEL, 1);

	if (pages)
		__free_pages(pages, 1);
	if (!shrinker)
		return -ENOMEM;
	shrinker_register(shrinker);
	shrinker_free(shrinker);
	return 0;
}

static int __init smoke_init(void)
{
	struct iosys_map map;

	iosys_map_set_vaddr(&map, &smoke_timer);
	iosys_map_clear(&map);
	hrtimer_setup(&smoke_timer, smoke_hrtimer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
	return smoke_memory() ?: smoke_xen_register();
}
module_init(smoke_init);

static void __exit smoke_exit(void)
{
	smoke_xen_unregister();
}
module_exit(smoke_exit);

MODULE_IMPORT_NS("DMA_BUF");
MODULE_DESCRIPTION("The shim, each part once");
MODULE_LICENSE("Dual MIT/GPL");
