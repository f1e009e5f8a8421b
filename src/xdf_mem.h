/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Memory of the driver's own, as long as anybody needs it. */
#ifndef XDF_MEM_H
#define XDF_MEM_H

#include <linux/device.h>
#include <linux/kref.h>
#include <linux/mm_types.h>

/**
 * struct xdf_mem - memory of whole pages, zeroed
 * @ref: users
 * @dev: for whom
 * @size: in octets
 * @contiguous: the pages follow one another
 * @dma: of a contiguous one
 * @npages: number of @pages
 * @pages: mapped in the kernel, write-back
 */
struct xdf_mem {
	struct kref ref;
	struct device *dev;
	size_t size;
	bool contiguous;
	dma_addr_t dma;
	unsigned int npages;
	struct page **pages;
};

struct xdf_mem *xdf_mem_alloc(struct device *dev, size_t size);
struct xdf_mem *xdf_mem_alloc_contiguous(struct device *dev, size_t size);
void xdf_mem_put(struct xdf_mem *mem);

static inline struct xdf_mem *xdf_mem_get(struct xdf_mem *mem)
{
	if (mem)
		kref_get(&mem->ref);
	return mem;
}

#endif /* XDF_MEM_H */
