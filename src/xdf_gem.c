// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <drm/drm_device.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "xdf_gem.h"

/* New buffers are to be physically contiguous. */
static bool gem_contiguous;

static void xdf_gem_free(struct drm_gem_object *obj)
{
	struct xdf_gem *gem = to_xdf_gem(obj);

	WARN_ON(gem->shares);
	if (gem->vaddr)
		vunmap(gem->vaddr);
	xdf_mem_put(gem->mem);
	if (gem->sgt)
		drm_prime_gem_destroy(obj, gem->sgt);
	else if (gem->dmabuf)
		dma_buf_put(gem->dmabuf);
	drm_gem_object_release(obj);
	mutex_destroy(&gem->lock);
	kfree(gem);
}

static struct sg_table *xdf_gem_get_sg_table(struct drm_gem_object *obj)
{
	struct xdf_gem *gem = to_xdf_gem(obj);
	struct sg_table *sgt;

	/* whoever wants that goes to the other driver, as below */
	if (gem->dmabuf)
		return ERR_PTR(-EOPNOTSUPP);
	if (!gem->mem->contiguous)
		return drm_prime_pages_to_sg(obj->dev, gem->mem->pages, gem->mem->npages);

	/* the importer is promised contiguous memory, whatever the limits of a segment */
	sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	if (!sgt || sg_alloc_table(sgt, 1, GFP_KERNEL)) {
		kfree(sgt);
		return ERR_PTR(-ENOMEM);
	}
	sg_set_page(sgt->sgl, gem->mem->pages[0], gem->mem->size, 0);
	return sgt;
}

static int xdf_gem_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct xdf_gem *gem = to_xdf_gem(obj);

	if (gem->dmabuf)
		return -EOPNOTSUPP;
	mutex_lock(&gem->lock);
	if (!gem->vaddr)
		gem->vaddr = vmap(gem->mem->pages, gem->mem->npages, VM_MAP, PAGE_KERNEL);
	iosys_map_set_vaddr(map, gem->vaddr);
	mutex_unlock(&gem->lock);
	return map->vaddr ? 0 : -ENOMEM;
}

/* drm_dev_unplug() takes all mappings away: whoever goes on drawing gets them back. */
static vm_fault_t xdf_gem_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct xdf_gem *gem = to_xdf_gem(vma->vm_private_data);
	pgoff_t i = vmf->pgoff - drm_vma_node_start(&gem->base.vma_node);

	if (i >= gem->mem->npages)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vma, vmf->address, page_to_pfn(gem->mem->pages[i]));
}

static const struct vm_operations_struct xdf_gem_vm_ops = {
	.fault = xdf_gem_fault,
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
};

/*
 * All of it at once, as far as pages follow one another: a picture is drawn as a whole,
 * and a fault for each page is most of what its first drawing costs.
 */
static int xdf_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	const struct xdf_gem *gem = to_xdf_gem(obj);
	unsigned long n, left = vma_pages(vma), address = vma->vm_start;
	/* through a dma-buf a mapping need not begin with the buffer */
	pgoff_t i = vma->vm_pgoff - drm_vma_node_start(&obj->vma_node);
	struct page **pages;
	int ret = 0;

	if (gem->dmabuf)
		return -EOPNOTSUPP;
	/* A private copy of a screen shows nothing, and PFNs cannot be copied. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;
	/* Write-back, as the Xen ABI has it for shared memory. */
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	vma->vm_ops = &xdf_gem_vm_ops;
	if (i > gem->mem->npages || left > gem->mem->npages - i)
		return -EINVAL;
	for (pages = gem->mem->pages + i; !ret && left; pages += n, left -= n) {
		unsigned long pfn = page_to_pfn(*pages);

		for (n = 1; n < left && page_to_pfn(pages[n]) == pfn + n;)
			n++;
		ret = remap_pfn_range(vma, address, pfn, n << PAGE_SHIFT, vma->vm_page_prot);
		address += n << PAGE_SHIFT;
	}
	return ret;
}

static const struct drm_gem_object_funcs xdf_gem_funcs = {
	.free = xdf_gem_free,
	.get_sg_table = xdf_gem_get_sg_table,
	.vmap = xdf_gem_vmap,
	.mmap = xdf_gem_mmap,
	.vm_ops = &xdf_gem_vm_ops,
};

/* @dmabuf is what is imported, or NULL. */
static struct xdf_gem *gem_new(struct drm_device *drm, size_t size, struct dma_buf *dmabuf)
{
	struct xdf_gem *gem = kzalloc(sizeof(*gem), GFP_KERNEL);

	if (!gem)
		return ERR_PTR(-ENOMEM);
	mutex_init(&gem->lock);
	gem->limit = size;
	gem->dmabuf = dmabuf;
	gem->base.funcs = COMPAT_GEM_FUNCS(&xdf_gem_funcs);
	drm_gem_private_object_init(drm, &gem->base, size);
	return gem;
}

/*
 * Trying for more than there is would take from everybody first, and have the
 * kernel kill whoever needs some meanwhile.
 */
static bool gem_has_memory(size_t size)
{
	if ((size >> PAGE_SHIFT) <= max(si_mem_available(), 0L))
		return true;
	xdf_grants_forget();
	return (size >> PAGE_SHIFT) <= max(si_mem_available(), 0L);
}

/* Memory of the kind that buffers are made of, rounded up to pages; to be put, or NULL. */
struct xdf_mem *xdf_gem_alloc_mem(struct drm_device *drm, size_t size)
{
	struct xdf_mem *mem = xdf_mem_reuse(PAGE_ALIGN(size), gem_contiguous);

	if (mem)
		return mem;
	if (!gem_has_memory(size)) {
		drm_dbg_kms(drm, "no memory for a buffer of %zu bytes\n", size);
		return NULL;
	}
	if (gem_contiguous)
		mem = xdf_mem_alloc_contiguous(drm->dev, size);
	if (gem_contiguous && !mem)
		drm_warn_once(drm,
			      "no %zu bytes of physically contiguous memory (error %d): this buffer and perhaps others are in scattered pages, which the backend's hardware may not take; boot with cma=SIZE to set memory aside\n",
			      size, -ENOMEM);
	return mem ?: xdf_mem_alloc(drm->dev, size);
}

/* drm_driver.dumb_create */
int xdf_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
			struct drm_mode_create_dumb *args)
{
	struct xdf_mem *mem;
	struct xdf_gem *gem;
	u64 size;
	int ret;

	ret = xdf_dumb_layout(args->width, args->height, args->bpp, &args->pitch, &size);
	if (ret)
		return ret;
	mem = xdf_gem_alloc_mem(drm, size + args->pitch);
	if (!mem)
		return -ENOMEM;
	gem = gem_new(drm, mem->size, NULL);
	if (IS_ERR(gem)) {
		xdf_mem_put(mem);
		return PTR_ERR(gem);
	}
	gem->mem = mem;
	gem->limit = PAGE_ALIGN(size);
	args->size = gem->base.size;
	/* At once, so that page offsets of mappings never change meaning. */
	ret = drm_gem_create_mmap_offset(&gem->base);
	if (!ret)
		ret = drm_gem_handle_create(file, &gem->base, &args->handle);
	drm_gem_object_put(&gem->base);
	return ret;
}

/* Imports */

static struct device *import_device;

/*
 * Exporters map their memory for the importer's DMA, many of them as soon as it attaches.
 * Here nothing does DMA, the backend gets at the pages by grants, so a page stays where
 * it is: else each import would take bounce buffers for as long as it lives
 * (swiotlb=force, as in confidential guests), of which there are few. As ever the exporter
 * pins the memory before, and keeps it until it is unmapped.
 *
 * Memory that has no pages is not mapped by this; its import fails and is copied. Nor are
 * caches looked after: the architectures that Xen has keep them coherent between
 * processors, and only those look at these pages.
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

static const struct dma_map_ops import_dma_ops = { .map_sg = import_map_sg };

/*
 * Only ordinary memory of this guest's can be granted: no other domain's, no
 * device's, and nothing that cannot be held page by page.
 */
static bool import_page_is_grantable(struct page *page)
{
	if (!page || !pfn_valid(page_to_pfn(page)) || is_zone_device_page(page) ||
	    PageReserved(page) || PageSlab(page))
		return false;
	if (!PageCompound(page) && PageForeign(page))
		return false;
	return page_count(page) > 0;
}

/* NULL when it cannot be granted: then the import is copied. Its pages are held. */
static struct xdf_mem *import_mem(struct device *dev, struct sg_table *sgt, size_t size)
{
	struct scatterlist *sg;
	struct xdf_mem *mem;
	struct page *page;
	unsigned int i;

	for_each_sg(sgt->sgl, sg, sgt->orig_nents, i)
		if (sg->offset || !PAGE_ALIGNED(sg->length))
			return NULL;
	mem = xdf_mem_new(dev, size);
	if (!mem)
		return NULL;
	if (drm_prime_sg_to_page_array(sgt, mem->pages, PFN_UP(size)))
		goto none;
	for (; mem->npages < PFN_UP(size); mem->npages++) {
		page = mem->pages[mem->npages];
		if (!import_page_is_grantable(page))
			goto none;
		get_page(page);
	}
	return mem;

none:
	xdf_mem_put(mem);
	return NULL;
}

/* drm_driver.gem_prime_import_sg_table */
struct drm_gem_object *
xdf_gem_import_sg_table(struct drm_device *drm, struct dma_buf_attachment *attach,
			struct sg_table *sgt)
{
	size_t size = PAGE_ALIGN(attach->dmabuf->size);
	struct xdf_gem *gem = gem_new(drm, size, attach->dmabuf);

	if (IS_ERR(gem))
		return ERR_CAST(gem);
	gem->sgt = sgt;
	gem->mem = import_mem(drm->dev, sgt, size);
	drm_dbg_kms(drm, "imported %zu bytes, %s\n", size,
		    gem->mem ? "shared with the backend as they are" : "copied for the backend");
	return &gem->base;
}

/* drm_driver.gem_prime_import */
struct drm_gem_object *xdf_gem_import(struct drm_device *drm, struct dma_buf *dmabuf)
{
	struct drm_gem_object *obj = drm_gem_prime_import_dev(drm, dmabuf, import_device);
	struct xdf_gem *gem;

	if (!IS_ERR(obj))
		return obj;
	/* all that a copy needs is its mapping */
	drm_dbg_kms(drm,
		    "the memory of an import of %zu bytes is not available (error %ld): copied for the backend\n",
		    dmabuf->size, PTR_ERR(obj));
	gem = gem_new(drm, PAGE_ALIGN(dmabuf->size), dmabuf);
	if (IS_ERR(gem))
		return ERR_CAST(gem);
	get_dma_buf(dmabuf);
	/* whose fences a commit waits for */
	gem->base.resv = dmabuf->resv;
	return &gem->base;
}

/* Map a buffer for xdf_gem_begin_read(). */
int xdf_gem_map_source(struct xdf_gem *gem, struct iosys_map *map)
{
	if (gem->dmabuf)
		return dma_buf_vmap_unlocked(gem->dmabuf, map);
	return xdf_gem_vmap(&gem->base, map);
}

/* Our own stays mapped until it is freed. */
void xdf_gem_unmap_source(struct xdf_gem *gem, struct iosys_map *map)
{
	if (gem->dmabuf)
		dma_buf_vunmap_unlocked(gem->dmabuf, map);
}

/* Before the processor reads a buffer. */
int xdf_gem_begin_read(struct xdf_gem *gem)
{
	return gem->dmabuf ? dma_buf_begin_cpu_access(gem->dmabuf, DMA_FROM_DEVICE) : 0;
}

void xdf_gem_end_read(struct xdf_gem *gem)
{
	if (gem->dmabuf)
		dma_buf_end_cpu_access(gem->dmabuf, DMA_FROM_DEVICE);
}

/*
 * Grant a buffer's pages to the backend, once for all users, until xdf_gem_unshare().
 * Context: may sleep; one caller at a time, for both.
 * Return: the grants, the buffer's own; or an ERR_PTR() as of xdf_grants_share().
 */
struct xdf_grants *xdf_gem_share(struct xdf_gem *gem, domid_t domid)
{
	struct xdf_grants *grants = gem->grants ?: xdf_grants_share(domid, gem->mem);

	if (IS_ERR(grants))
		return grants;
	gem->grants = grants;
	gem->shares++;
	return grants;
}

/* One user less of the grants: the last takes the pages back. Does not wait for the backend. */
void xdf_gem_unshare(struct xdf_gem *gem)
{
	if (WARN_ON(!gem->shares) || --gem->shares)
		return;
	/* the other driver's go back to it */
	if (gem->dmabuf)
		xdf_grants_release(gem->grants);
	else
		xdf_grants_keep(gem->grants);
	gem->grants = NULL;
}

/* After the last device and buffer. */
void xdf_gem_module_exit(void)
{
	root_device_unregister(import_device);
}

/* Before the first device. */
int xdf_gem_module_init(bool contiguous)
{
	int ret;

	gem_contiguous = contiguous;
	import_device = root_device_register("xen_drm_front");
	if (IS_ERR(import_device))
		return PTR_ERR(import_device);
	set_dma_ops(import_device, &import_dma_ops);
	ret = dma_coerce_mask_and_coherent(import_device, DMA_BIT_MASK(64));
	if (ret)
		xdf_gem_module_exit();
	return ret;
}

MODULE_IMPORT_NS("DMA_BUF");
