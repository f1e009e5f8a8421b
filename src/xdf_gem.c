// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <drm/drm_vma_manager.h>

#include "xdf_config.h"
#include "xdf_gem.h"

static void xdf_gem_free(struct drm_gem_object *obj)
{
	struct xdf_gem *gem = to_xdf_gem(obj);

	WARN_ON(gem->shares);
	if (gem->vaddr)
		vunmap(gem->vaddr);
	drm_gem_put_pages(obj, gem->pages, true, false);
	drm_gem_object_release(obj);
	mutex_destroy(&gem->lock);
	kfree(gem);
}

static struct sg_table *xdf_gem_get_sg_table(struct drm_gem_object *obj)
{
	struct xdf_gem *gem = to_xdf_gem(obj);

	return drm_prime_pages_to_sg(obj->dev, gem->pages, gem->npages);
}

static int xdf_gem_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct xdf_gem *gem = to_xdf_gem(obj);
	int ret = 0;

	mutex_lock(&gem->lock);
	if (!gem->vmaps)
		gem->vaddr = vmap(gem->pages, gem->npages, VM_MAP, PAGE_KERNEL);
	if (gem->vaddr) {
		gem->vmaps++;
		iosys_map_set_vaddr(map, gem->vaddr);
	} else {
		ret = -ENOMEM;
	}
	mutex_unlock(&gem->lock);
	return ret;
}
COMPAT_GEM_VMAP(xdf_gem_vmap);

static void xdf_gem_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct xdf_gem *gem = to_xdf_gem(obj);

	mutex_lock(&gem->lock);
	if (!WARN_ON(!gem->vmaps) && !--gem->vmaps) {
		vunmap(gem->vaddr);
		gem->vaddr = NULL;
	}
	mutex_unlock(&gem->lock);
	iosys_map_clear(map);
}
COMPAT_GEM_VUNMAP(xdf_gem_vunmap);

static vm_fault_t xdf_gem_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct xdf_gem *gem = to_xdf_gem(vma->vm_private_data);
	/* through a dma-buf the mapping need not begin with the buffer */
	pgoff_t i = vmf->pgoff - drm_vma_node_start(&gem->base.vma_node);

	if (i >= gem->npages)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vma, vmf->address, page_to_pfn(gem->pages[i]));
}

static const struct vm_operations_struct xdf_gem_vm_ops = {
	.fault = xdf_gem_fault,
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
};

static int xdf_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	/* A private copy of a screen is of no use, and PFNs cannot be copied. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;
	/* Write-back, as the Xen ABI has it for shared memory. */
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &xdf_gem_vm_ops;
	return 0;
}

static const struct drm_gem_object_funcs xdf_gem_funcs = {
	.free = xdf_gem_free,
	.get_sg_table = xdf_gem_get_sg_table,
	.vmap = COMPAT_FN(xdf_gem_vmap),
	.vunmap = COMPAT_FN(xdf_gem_vunmap),
	.mmap = xdf_gem_mmap,
	.vm_ops = &xdf_gem_vm_ops,
};

static struct xdf_gem *xdf_gem_create(struct drm_device *drm, size_t size)
{
	struct xdf_gem *gem = kzalloc(sizeof(*gem), GFP_KERNEL);
	int ret;

	if (!gem)
		return ERR_PTR(-ENOMEM);
	mutex_init(&gem->lock);
	gem->base.funcs = &xdf_gem_funcs;
	size = PAGE_ALIGN(size);
	ret = drm_gem_object_init(drm, &gem->base, size);
	if (ret)
		goto err_free;
	/* A buffer that does not fit is an error of the client's, no more. */
	mapping_set_gfp_mask(gem->base.filp->f_mapping,
			     GFP_HIGHUSER | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	gem->npages = size >> PAGE_SHIFT;
	gem->pages = drm_gem_get_pages(&gem->base);
	if (IS_ERR(gem->pages)) {
		ret = PTR_ERR(gem->pages);
		goto err_release;
	}
	/* At once, so that page offsets of mappings never change meaning. */
	ret = drm_gem_create_mmap_offset(&gem->base);
	if (ret)
		goto err_pages;
	return gem;

err_pages:
	drm_gem_put_pages(&gem->base, gem->pages, false, false);
err_release:
	drm_gem_object_release(&gem->base);
err_free:
	mutex_destroy(&gem->lock);
	kfree(gem);
	return ERR_PTR(ret);
}

/**
 * xdf_gem_dumb_create - drm_driver.dumb_create
 * @file: the client
 * @drm: the card
 * @args: width, height and bpp in; pitch, size and handle out
 *
 * Return: 0 or a negative errno.
 */
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
	gem = xdf_gem_create(drm, size);
	if (IS_ERR(gem))
		return PTR_ERR(gem);
	args->size = gem->base.size;
	ret = drm_gem_handle_create(file, &gem->base, &args->handle);
	drm_gem_object_put(&gem->base);
	return ret;
}

/**
 * xdf_gem_share - grant a buffer's pages to the backend, once for all users
 * @gem: the buffer
 * @domid: the backend's domain
 *
 * Context: may sleep.
 *
 * Return: the grants, the buffer's own, to be given up by xdf_gem_unshare();
 * or an ERR_PTR() as of xdf_grants_share().
 */
struct xdf_grants *xdf_gem_share(struct xdf_gem *gem, domid_t domid)
{
	struct xdf_grants *grants;

	mutex_lock(&gem->lock);
	grants = gem->grants;
	if (!gem->shares)
		grants = xdf_grants_share(domid, gem->pages, gem->npages);
	if (!IS_ERR(grants)) {
		gem->grants = grants;
		gem->shares++;
	}
	mutex_unlock(&gem->lock);
	return grants;
}

/**
 * xdf_gem_unshare - one user less of the grants
 * @gem: the buffer
 *
 * The last one takes the pages back. Does not wait for the backend.
 *
 * Context: may sleep.
 */
void xdf_gem_unshare(struct xdf_gem *gem)
{
	mutex_lock(&gem->lock);
	if (!WARN_ON(!gem->shares) && !--gem->shares) {
		xdf_grants_release(gem->grants);
		gem->grants = NULL;
	}
	mutex_unlock(&gem->lock);
}
