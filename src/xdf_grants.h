/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Pages, and how they are shared with the backend's domain. */
#ifndef XDF_GRANTS_H
#define XDF_GRANTS_H

#include <linux/device.h>
#include <linux/kref.h>
#include <linux/mm_types.h>
#include <xen/grant_table.h>

#include "xdf_proto.h"

/**
 * struct xdf_mem - memory of whole pages, zeroed
 * @ref: users
 * @dev: for whom
 * @size: in bytes
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
int xdf_grants_leave(unsigned int count, unsigned int reserve);
unsigned int xdf_grants_used(void);
unsigned int xdf_grants_budget(void);
void xdf_grants_init(unsigned int budget);
void xdf_grants_exit(void);

/**
 * struct xdf_directory - one directory
 * @count: references that it lists
 * @mem: its pages
 * @grants: theirs
 */
struct xdf_directory {
	u32 count;
	struct xdf_mem *mem;
	struct xdf_grants *grants;
};

struct xdf_directory *xdf_directory_create(struct device *dev, domid_t domid,
					   const u32 *refs, u32 count);
void xdf_directory_read(const struct xdf_directory *dir, u32 *refs);
void xdf_directory_destroy(struct xdf_directory *dir);

/* What a request names it by. */
static inline u32 xdf_directory_ref(const struct xdf_directory *dir)
{
	return dir->grants->refs[0];
}

#endif /* XDF_GRANTS_H */
