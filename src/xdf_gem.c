// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <drm/drm_vma_manager.h>
#include <xen/page.h>

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
		return drm_prime_pages_to_sg(obj->dev, gem->mem->pages,
					     gem->mem->npages);

	/* the importer is promised contiguous memory, whatever the limits of a segment */
	sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	if (sg_alloc_table(sgt, 1, GFP_KERNEL)) {
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
		gem->vaddr = vmap(gem->mem->pages, gem->mem->npages, VM_MAP,
				  PAGE_KERNEL);
	iosys_map_set_vaddr(map, gem->vaddr);
	mutex_unlock(&gem->lock);
	return map->vaddr ? 0 : -ENOMEM;
}

static void xdf_gem_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	iosys_map_clear(map);
}

/* Which of its pages: through a dma-buf a mapping need not begin with the buffer. */
static pgoff_t gem_index(const struct xdf_gem *gem, pgoff_t pgoff)
{
	return pgoff - drm_vma_node_start(&gem->base.vma_node);
}

/* drm_dev_unplug() takes all mappings away: whoever goes on drawing gets them back. */
static vm_fault_t xdf_gem_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct xdf_gem *gem = to_xdf_gem(vma->vm_private_data);
	pgoff_t i = gem_index(gem, vmf->pgoff);

	if (i >= gem->mem->npages)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vma, vmf->address, page_to_pfn(gem->mem->pages[i]));
}

static const struct vm_operations_struct xdf_gem_vm_ops = {
	.fault = xdf_gem_fault,
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
};

/* How many pages from this one on follow one another. */
static unsigned int gem_run(const struct xdf_mem *mem, pgoff_t first,
			    unsigned long max)
{
	unsigned long pfn = page_to_pfn(mem->pages[first]);
	unsigned int n = 1;

	while (n < max && page_to_pfn(mem->pages[first + n]) == pfn + n)
		n++;
	return n;
}

/*
 * All of it at once: a picture is drawn as a whole, and a fault for each page is
 * most of what its first drawing costs.
 */
static int gem_map_pages(struct xdf_gem *gem, struct vm_area_struct *vma)
{
	pgoff_t i = gem_index(gem, vma->vm_pgoff);
	unsigned long address = vma->vm_start;
	unsigned int n;
	int ret = 0;

	if (i > gem->mem->npages || vma_pages(vma) > gem->mem->npages - i)
		return -EINVAL;
	for (; !ret && address < vma->vm_end; address += n << PAGE_SHIFT, i += n) {
		n = gem_run(gem->mem, i, (vma->vm_end - address) >> PAGE_SHIFT);
		ret = remap_pfn_range(vma, address,
				      page_to_pfn(gem->mem->pages[i]),
				      n << PAGE_SHIFT, vma->vm_page_prot);
	}
	return ret;
}

static int xdf_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	if (to_xdf_gem(obj)->dmabuf)
		return -EOPNOTSUPP;
	/* A private copy of a screen shows nothing, and PFNs cannot be copied. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;
	/* Write-back, as the Xen ABI has it for shared memory. */
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	vma->vm_ops = &xdf_gem_vm_ops;
	return gem_map_pages(to_xdf_gem(obj), vma);
}

static const struct drm_gem_object_funcs xdf_gem_funcs = {
	.free = xdf_gem_free,
	.get_sg_table = xdf_gem_get_sg_table,
	.vmap = xdf_gem_vmap,
	.vunmap = xdf_gem_vunmap,
	.mmap = xdf_gem_mmap,
	.vm_ops = &xdf_gem_vm_ops,
};

static struct xdf_gem *gem_new(struct drm_device *drm, size_t size)
{
	struct xdf_gem *gem = kzalloc(sizeof(*gem), GFP_KERNEL);

	if (!gem)
		return ERR_PTR(-ENOMEM);
	mutex_init(&gem->lock);
	gem->limit = size;
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

/* NULL when contiguous memory is not wanted, or there is none. */
static struct xdf_mem *gem_alloc_contiguous(struct drm_device *drm, size_t size)
{
	struct xdf_mem *mem;

	if (!gem_contiguous)
		return NULL;
	mem = xdf_mem_alloc_contiguous(drm->dev, size);
	if (!IS_ERR(mem))
		return mem;
	drm_warn_once(drm,
		      "no %zu bytes of physically contiguous memory (error %ld): this buffer and perhaps others are in scattered pages, which the backend's hardware may not take; boot with cma=SIZE to set memory aside\n",
		      size, PTR_ERR(mem));
	return NULL;
}

/*
 * Memory of the kind that buffers are made of, rounded up to pages.
 * Return: the memory, to be put; or ERR_PTR(-ENOMEM).
 */
struct xdf_mem *xdf_gem_alloc_mem(struct drm_device *drm, size_t size)
{
	struct xdf_mem *mem = xdf_mem_reuse(PAGE_ALIGN(size), gem_contiguous);

	if (mem)
		return mem;
	if (!gem_has_memory(size)) {
		drm_dbg_kms(drm, "no memory for a buffer of %zu bytes\n", size);
		return ERR_PTR(-ENOMEM);
	}
	return gem_alloc_contiguous(drm, size) ?: xdf_mem_alloc(drm->dev, size);
}

static struct xdf_gem *xdf_gem_create(struct drm_device *drm, size_t size)
{
	struct xdf_mem *mem = xdf_gem_alloc_mem(drm, size);
	struct xdf_gem *gem;
	int ret;

	if (IS_ERR(mem))
		return ERR_CAST(mem);
	gem = gem_new(drm, mem->size);
	if (IS_ERR(gem)) {
		xdf_mem_put(mem);
		return gem;
	}
	gem->mem = mem;
	/* At once, so that page offsets of mappings never change meaning. */
	ret = drm_gem_create_mmap_offset(&gem->base);
	if (ret) {
		drm_gem_object_put(&gem->base);
		return ERR_PTR(ret);
	}
	return gem;
}

/* drm_driver.dumb_create */
int xdf_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
			struct drm_mode_create_dumb *args)
{
	struct xdf_gem *gem;
	u64 size;
	int ret;

	ret = xdf_dumb_layout(args->width, args->height, args->bpp,
			      &args->pitch, &size);
	if (ret)
		return ret;
	gem = xdf_gem_create(drm, size + args->pitch);
	if (IS_ERR(gem))
		return PTR_ERR(gem);
	gem->limit = PAGE_ALIGN(size);
	args->size = gem->base.size;
	ret = drm_gem_handle_create(file, &gem->base, &args->handle);
	drm_gem_object_put(&gem->base);
	return ret;
}

/*
 * Imports
 */

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

/* NULL when it cannot be granted: then the import is copied. */
static struct xdf_mem *import_mem(struct device *dev, struct sg_table *sgt,
				  unsigned int npages)
{
	struct scatterlist *sg;
	struct page **pages;
	struct xdf_mem *mem;
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
	mem = xdf_mem_hold(dev, pages, npages);
	return IS_ERR(mem) ? NULL : mem;

none:
	kvfree(pages);
	return NULL;
}

/* drm_driver.gem_prime_import_sg_table */
struct drm_gem_object *
xdf_gem_import_sg_table(struct drm_device *drm,
			struct dma_buf_attachment *attach, struct sg_table *sgt)
{
	size_t size = PAGE_ALIGN(attach->dmabuf->size);
	struct xdf_gem *gem = gem_new(drm, size);

	if (IS_ERR(gem))
		return ERR_CAST(gem);
	gem->dmabuf = attach->dmabuf;
	gem->sgt = sgt;
	gem->mem = import_mem(drm->dev, sgt, size >> PAGE_SHIFT);
	drm_dbg_kms(drm, "imported %zu bytes, %s\n", size,
		    gem->mem ? "shared with the backend as they are" :
		      "copied for the backend");
	return &gem->base;
}

/* A buffer whose memory cannot be had: all that a copy needs is its mapping. */
static struct drm_gem_object *gem_import_unattached(struct drm_device *drm,
						    struct dma_buf *dmabuf)
{
	size_t size = PAGE_ALIGN(dmabuf->size);
	struct xdf_gem *gem = gem_new(drm, size);

	if (IS_ERR(gem))
		return ERR_CAST(gem);
	get_dma_buf(dmabuf);
	gem->dmabuf = dmabuf;
	/* whose fences a commit waits for */
	gem->base.resv = dmabuf->resv;
	return &gem->base;
}

/* drm_driver.gem_prime_import */
struct drm_gem_object *xdf_gem_import(struct drm_device *drm,
				      struct dma_buf *dmabuf)
{
	struct drm_gem_object *obj;

	obj = drm_gem_prime_import_dev(drm, dmabuf, import_device);
	if (!IS_ERR(obj))
		return obj;
	drm_dbg_kms(drm,
		    "the memory of an import of %zu bytes is not available (error %ld): copied for the backend\n",
		    dmabuf->size, PTR_ERR(obj));
	return gem_import_unattached(drm, dmabuf);
}

/* Map a buffer for xdf_gem_begin_read(). */
int xdf_gem_map_source(struct xdf_gem *gem, struct iosys_map *map)
{
	if (gem->dmabuf)
		return dma_buf_vmap_unlocked(gem->dmabuf, map);
	return xdf_gem_vmap(&gem->base, map);
}

void xdf_gem_unmap_source(struct xdf_gem *gem, struct iosys_map *map)
{
	if (gem->dmabuf)
		dma_buf_vunmap_unlocked(gem->dmabuf, map);
	else
		xdf_gem_vunmap(&gem->base, map);
}

/* Before the processor reads a buffer. */
int xdf_gem_begin_read(struct xdf_gem *gem)
{
	if (!gem->dmabuf)
		return 0;
	return dma_buf_begin_cpu_access(gem->dmabuf, DMA_FROM_DEVICE);
}

void xdf_gem_end_read(struct xdf_gem *gem)
{
	if (gem->dmabuf)
		dma_buf_end_cpu_access(gem->dmabuf, DMA_FROM_DEVICE);
}

/*
 * Grant a buffer's pages to the backend, once for all users.
 * Context: may sleep; one caller at a time, as for xdf_gem_unshare().
 * Return: the grants, the buffer's own, until xdf_gem_unshare(); or an ERR_PTR()
 * as of xdf_grants_share().
 */
struct xdf_grants *xdf_gem_share(struct xdf_gem *gem, domid_t domid)
{
	struct xdf_grants *grants = gem->grants;

	if (!gem->shares)
		grants = xdf_grants_share(domid, gem->mem);
	if (IS_ERR(grants))
		return grants;
	gem->grants = grants;
	gem->shares++;
	return grants;
}

/*
 * One user less of the grants. The last one takes the pages back. Does not wait
 * for the backend.
 */
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

/* Before the first device. */
int xdf_gem_module_init(bool contiguous)
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
	gem_contiguous = contiguous;
	return 0;
}

/* After the last device and buffer. */
void xdf_gem_module_exit(void)
{
	root_device_unregister(import_device);
}

MODULE_IMPORT_NS("DMA_BUF");
