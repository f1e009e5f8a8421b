// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <drm/drm_prime.h>
#include <xen/page.h>

#include "xdf_import.h"

static struct device *import_device;

/*
 * Exporters map their memory for the importer's DMA, many of them as soon as
 * it attaches. Here nothing does DMA, the backend gets at the pages by grants,
 * so a page stays where it is: else each import would take bounce buffers for
 * as long as it lives (swiotlb=force, as in confidential guests), of which
 * there are few. What a mapping does besides holds as ever: the exporter pins
 * the memory before, and keeps it until it is unmapped.
 *
 * Memory that has no pages is not mapped by this; its import fails and is
 * copied. Nor are caches looked after: the architectures that Xen has keep
 * them coherent between processors, and only those look at these pages.
 */
static int import_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
			 enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		sg_dma_address(sg) = sg_phys(sg);
		sg_dma_len(sg) = sg->length;
	}
	return nents;
}

static const struct dma_map_ops import_dma_ops = {
	.map_sg = import_map_sg,
};

/*
 * Only ordinary memory of this guest's can be granted: no other domain's, no
 * device's, and nothing that cannot be held page by page.
 */
static bool import_page_is_grantable(struct page *page)
{
	if (!page || !pfn_valid(page_to_pfn(page)))
		return false;
	if (is_zone_device_page(page) || PageReserved(page) || PageSlab(page))
		return false;
	if (!PageCompound(page) && PageForeign(page))
		return false;
	return page_count(page) > 0;
}

/**
 * xdf_import_pages - the pages of an import
 * @sgt: its memory, mapped for xdf_import_device()
 * @npages: how many there have to be
 *
 * Return: the pages, an array to be freed with kvfree(); NULL when they cannot
 * be granted.
 */
struct page **xdf_import_pages(struct sg_table *sgt, unsigned int npages)
{
	struct scatterlist *sg;
	struct page **pages;
	unsigned int i;

	for_each_sg(sgt->sgl, sg, sgt->orig_nents, i)
		if (sg->offset || !PAGE_ALIGNED(sg->length))
			return NULL;
	pages = kvcalloc(npages, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return NULL;
	if (drm_prime_sg_to_page_array(sgt, pages, npages))
		goto none;
	for (i = 0; i < npages; i++)
		if (!import_page_is_grantable(pages[i]))
			goto none;
	return pages;

none:
	kvfree(pages);
	return NULL;
}

/**
 * xdf_import_device - who imports
 *
 * Return: a device that does no DMA.
 */
struct device *xdf_import_device(void)
{
	return import_device;
}

/**
 * xdf_import_module_init - before the first card
 *
 * Return: 0 or a negative errno.
 */
int xdf_import_module_init(void)
{
	struct device *dev = root_device_register("xen_drm_front");
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	set_dma_ops(dev, &import_dma_ops);
	ret = dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret) {
		root_device_unregister(dev);
		return ret;
	}
	import_device = dev;
	return 0;
}

/**
 * xdf_import_module_exit - after the last import
 */
void xdf_import_module_exit(void)
{
	root_device_unregister(import_device);
}
