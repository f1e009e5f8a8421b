// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "xdf_mem.h"

static struct xdf_mem *mem_new(struct device *dev, size_t size)
{
	struct xdf_mem *mem = kzalloc(sizeof(*mem), GFP_KERNEL);

	if (!mem)
		return NULL;
	mem->size = PAGE_ALIGN(size);
	mem->pages = kvcalloc(mem->size >> PAGE_SHIFT, sizeof(*mem->pages),
			      GFP_KERNEL);
	if (!mem->pages) {
		kfree(mem);
		return NULL;
	}
	kref_init(&mem->ref);
	mem->dev = get_device(dev);
	return mem;
}

static void mem_free(struct kref *ref)
{
	struct xdf_mem *mem = container_of(ref, struct xdf_mem, ref);

	if (mem->contiguous && mem->npages)
		dma_free_pages(mem->dev, mem->size, mem->pages[0], mem->dma,
			       DMA_BIDIRECTIONAL);
	while (!mem->contiguous && mem->npages)
		__free_page(mem->pages[--mem->npages]);
	put_device(mem->dev);
	kvfree(mem->pages);
	kfree(mem);
}

/**
 * xdf_mem_alloc - memory from anywhere
 * @dev: for whom
 * @size: in octets, rounded up to pages here
 *
 * Return: the memory, to be put; or ERR_PTR(-ENOMEM).
 */
struct xdf_mem *xdf_mem_alloc(struct device *dev, size_t size)
{
	struct xdf_mem *mem = mem_new(dev, size);

	if (!mem)
		return ERR_PTR(-ENOMEM);
	while (mem->npages < mem->size >> PAGE_SHIFT) {
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO |
					       __GFP_RETRY_MAYFAIL |
					       __GFP_NOWARN);

		if (!page) {
			xdf_mem_put(mem);
			return ERR_PTR(-ENOMEM);
		}
		mem->pages[mem->npages++] = page;
	}
	return mem;
}

/**
 * xdf_mem_alloc_contiguous - memory in one piece
 * @dev: for whom; its DMA masks are set
 * @size: in octets, rounded up to pages here
 *
 * Comes from the kernel's area for such, where there is one (cma=).
 *
 * Return: the memory, to be put; or ERR_PTR(-ENOMEM), without any complaint.
 */
struct xdf_mem *xdf_mem_alloc_contiguous(struct device *dev, size_t size)
{
	struct xdf_mem *mem = mem_new(dev, size);
	struct page *page;

	if (!mem)
		return ERR_PTR(-ENOMEM);
	mem->contiguous = true;
	page = dma_alloc_pages(dev, mem->size, &mem->dma, DMA_BIDIRECTIONAL,
			       GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!page) {
		xdf_mem_put(mem);
		return ERR_PTR(-ENOMEM);
	}
	for (; mem->npages < mem->size >> PAGE_SHIFT; mem->npages++)
		mem->pages[mem->npages] = page + mem->npages;
	return mem;
}

/**
 * xdf_mem_put - one user less
 * @mem: the memory, or NULL
 *
 * Context: may sleep.
 */
void xdf_mem_put(struct xdf_mem *mem)
{
	if (mem)
		kref_put(&mem->ref, mem_free);
}
