/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The backend's pages, mapped here. */
#ifndef XDF_FOREIGN_H
#define XDF_FOREIGN_H

#include <linux/mm_types.h>
#include <xen/grant_table.h>

/**
 * struct xdf_foreign - pages of another domain
 * @count: number of pages
 * @pages: page structures that stand for them, mapped one by one; not to be
 *	mapped elsewhere, for which Xen asks a grant of its own
 * @handles: Xen's names for the mappings
 */
struct xdf_foreign {
	unsigned int count;
	struct page **pages;
	grant_handle_t *handles;
};

bool xdf_foreign_is_possible(void);
struct xdf_foreign *xdf_foreign_map(domid_t domid, const u32 *refs,
				    unsigned int count);
void xdf_foreign_unmap(struct xdf_foreign *foreign);

#endif /* XDF_FOREIGN_H */
