/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Pages shared with the backend's domain. */
#ifndef XDF_GRANTS_H
#define XDF_GRANTS_H

#include <linux/mm_types.h>
#include <xen/grant_table.h>

#include "xdf_mem.h"

/**
 * struct xdf_grants - pages granted together and taken back together
 * @count: number of references, one for each 4 KiB
 * @refs: the references, in the order of the pages
 * @pages: the page of each reference
 * @mem: holds the pages; without it each is held by a reference of ours
 * @link: in the list of those that the backend has not let go yet
 *
 * Made by xdf_grants_share(), gone with xdf_grants_release().
 */
struct xdf_grants {
	unsigned int count;
	grant_ref_t *refs;
	struct page **pages;
	struct xdf_mem *mem;
	struct list_head link;
};

struct xdf_grants *xdf_grants_share(domid_t domid, struct page **pages,
				    unsigned int npages);
struct xdf_grants *xdf_grants_share_mem(domid_t domid, struct xdf_mem *mem);
void xdf_grants_release(struct xdf_grants *grants);
unsigned int xdf_grants_used(void);
unsigned int xdf_grants_budget(void);
int xdf_grants_init(unsigned int budget);
void xdf_grants_exit(void);

#endif /* XDF_GRANTS_H */
