// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/mm.h>
#include <linux/slab.h>
#include <xen/page.h>
#include <xen/xen.h>

#include "xdf_foreign.h"

/* One call of the hypervisor for so many. */
#define FOREIGN_BATCH	256u

#define NO_HANDLE	((grant_handle_t)-1)

static void foreign_free(struct xdf_foreign *f)
{
	kvfree(f->pages);
	kvfree(f->handles);
	kfree(f);
}

static int foreign_map_batch(struct xdf_foreign *f, domid_t domid,
			     const u32 *refs, unsigned int first,
			     struct gnttab_map_grant_ref *ops)
{
	unsigned int i, n = min(f->count - first, FOREIGN_BATCH);
	int ret;

	for (i = 0; i < n; i++) {
		struct page *page = f->pages[first + i];

		gnttab_set_map_op(&ops[i], (unsigned long)page_address(page),
				  GNTMAP_host_map, refs[first + i], domid);
	}
	ret = gnttab_map_refs(ops, NULL, f->pages + first, n);
	for (i = 0; i < n; i++) {
		if (ops[i].status == GNTST_okay)
			f->handles[first + i] = ops[i].handle;
		else
			ret = ret ?: -EINVAL;
	}
	return ret;
}

/* Whatever cannot be unmapped is lost: it must not get into other hands. */
static unsigned int foreign_unmap_batch(struct xdf_foreign *f,
					unsigned int first,
					struct gnttab_unmap_grant_ref *ops)
{
	unsigned int i, n = 0, max = min(f->count - first, FOREIGN_BATCH);
	struct page *pages[FOREIGN_BATCH / 8];
	struct gntab_unmap_queue_data data = {
		.unmap_ops = ops,
		.pages = pages,
	};
	unsigned int lost = 0;

	for (i = 0; i < max; i++) {
		struct page *page = f->pages[first + i];

		if (f->handles[first + i] != NO_HANDLE) {
			gnttab_set_unmap_op(&ops[n],
					    (unsigned long)page_address(page),
					    GNTMAP_host_map,
					    f->handles[first + i]);
			pages[n++] = page;
		}
		if (n == ARRAY_SIZE(pages) || (n && i == max - 1)) {
			data.count = n;
			if (gnttab_unmap_refs_sync(&data))
				lost += n;
			n = 0;
		}
	}
	return lost;
}

/**
 * xdf_foreign_unmap - give the pages back
 * @f: gone afterwards; NULL is allowed
 *
 * Context: may sleep.
 */
void xdf_foreign_unmap(struct xdf_foreign *f)
{
	struct gnttab_unmap_grant_ref *ops;
	unsigned int i, lost = 0;

	if (!f)
		return;
	ops = kcalloc(FOREIGN_BATCH, sizeof(*ops), GFP_KERNEL | __GFP_NOFAIL);
	for (i = 0; i < f->count; i += FOREIGN_BATCH)
		lost += foreign_unmap_batch(f, i, ops);
	kfree(ops);
	if (lost)
		pr_err("xen_drm_front: %u of the backend's pages could not be unmapped: keeping %u pages for good\n",
		       lost, f->count);
	else
		xen_free_unpopulated_pages(f->count, f->pages);
	foreign_free(f);
}

/**
 * xdf_foreign_is_possible - can this kernel map what another domain grants?
 *
 * Context: may sleep.
 *
 * Return: false where pages are larger than a grant, or the kernel has no page
 * to stand for another domain's.
 */
bool xdf_foreign_is_possible(void)
{
	struct page *page;
	int ret;

	if (PAGE_SIZE != XEN_PAGE_SIZE)
		return false;
	ret = xen_alloc_unpopulated_pages(1, &page);
	if (!ret)
		xen_free_unpopulated_pages(1, &page);
	return ret != -EOPNOTSUPP;
}

/**
 * xdf_foreign_map - map what another domain grants
 * @domid: whose
 * @refs: a private copy of its references
 * @count: of @refs
 *
 * Only where xdf_foreign_is_possible().
 *
 * Context: may sleep.
 *
 * Return: the mapping; ERR_PTR(-EINVAL) when a reference is of no use, or
 * -ENOMEM.
 */
struct xdf_foreign *xdf_foreign_map(domid_t domid, const u32 *refs,
				    unsigned int count)
{
	struct gnttab_map_grant_ref *ops;
	struct xdf_foreign *f;
	unsigned int i;
	int ret;

	for (i = 0; i < count; i++)
		if (!refs[i])
			return ERR_PTR(-EINVAL);
	ret = -ENOMEM;
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	ops = kcalloc(FOREIGN_BATCH, sizeof(*ops), GFP_KERNEL);
	if (!f || !ops)
		goto err_free;
	f->pages = kvcalloc(count, sizeof(*f->pages), GFP_KERNEL);
	f->handles = kvcalloc(count, sizeof(*f->handles), GFP_KERNEL);
	if (!f->pages || !f->handles)
		goto err_arrays;
	ret = xen_alloc_unpopulated_pages(count, f->pages);
	if (ret)
		goto err_arrays;
	f->count = count;
	for (i = 0; i < count; i++)
		f->handles[i] = NO_HANDLE;
	for (i = 0; !ret && i < count; i += FOREIGN_BATCH)
		ret = foreign_map_batch(f, domid, refs, i, ops);
	kfree(ops);
	if (ret) {
		xdf_foreign_unmap(f);
		return ERR_PTR(ret);
	}
	return f;

err_arrays:
	kvfree(f->pages);
	kvfree(f->handles);
err_free:
	kfree(ops);
	kfree(f);
	return ERR_PTR(ret);
}
