// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/mm.h>
#include <linux/slab.h>

#include "xdf_directory.h"

/* One page of it, which has 4 KiB whatever a page has here. */
static void *directory_page(const struct xdf_directory *dir, u32 index)
{
	size_t at = (size_t)index * DISPLIF_PAGE_SIZE;

	return page_address(dir->mem->pages[at >> PAGE_SHIFT]) +
		offset_in_page(at);
}

/**
 * xdf_directory_create - list references for the backend
 * @dev: for whom
 * @domid: the backend's domain
 * @refs: what to list; NULL leaves it to the backend
 * @count: of @refs
 *
 * Context: may sleep.
 *
 * Return: the directory, the caller's to destroy; or ERR_PTR(-ENOMEM or
 * -ENOSPC).
 */
struct xdf_directory *xdf_directory_create(struct device *dev, domid_t domid,
					   const u32 *refs, u32 count)
{
	u32 i, n = xdf_pgdir_pages(count);
	struct xdf_directory *dir;
	int ret;

	dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->count = count;
	dir->mem = xdf_mem_alloc(dev, (size_t)n * DISPLIF_PAGE_SIZE);
	if (IS_ERR(dir->mem)) {
		ret = PTR_ERR(dir->mem);
		goto err_free;
	}
	dir->grants = xdf_grants_share_mem(domid, dir->mem);
	if (IS_ERR(dir->grants)) {
		ret = PTR_ERR(dir->grants);
		goto err_mem;
	}
	for (i = 0; i < n; i++)
		xdf_pgdir_fill(directory_page(dir, i), i, dir->grants->refs,
			       refs, count);
	return dir;

err_mem:
	xdf_mem_put(dir->mem);
err_free:
	kfree(dir);
	return ERR_PTR(ret);
}

/**
 * xdf_directory_read - take what the backend has listed
 * @dir: made without references
 * @refs: result, room for all of them
 */
void xdf_directory_read(const struct xdf_directory *dir, u32 *refs)
{
	u32 i;

	for (i = 0; i < xdf_pgdir_pages(dir->count); i++)
		xdf_pgdir_read(directory_page(dir, i), i, refs, dir->count);
}

/**
 * xdf_directory_destroy - the backend has read it, or is gone
 * @dir: gone afterwards; NULL is allowed
 *
 * Does not wait for the backend to let go.
 *
 * Context: may sleep.
 */
void xdf_directory_destroy(struct xdf_directory *dir)
{
	if (!dir)
		return;
	xdf_grants_release(dir->grants);
	xdf_mem_put(dir->mem);
	kfree(dir);
}
