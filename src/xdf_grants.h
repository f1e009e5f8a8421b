/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Pages, and how they are shared with the backend's domain. */
#ifndef XDF_GRANTS_H
#define XDF_GRANTS_H

#include <linux/device.h>
#include <xen/grant_table.h>

#include "xdf_proto.h"

struct seq_file;

/* Memory of whole pages. */
struct xdf_mem {
	struct kref ref;
	struct device *dev;
	size_t size;			/* in bytes */
	bool contiguous;		/* the pages follow one another */
	dma_addr_t dma;			/* of a contiguous one */
	pid_t owner;			/* may have it again */
	struct xdf_grants *kept;	/* that nobody uses just now, or NULL */
	unsigned int npages;		/* held by @pages */
	struct page *pages[];		/* write-back; zeroed, if they are our own */
};

struct xdf_mem *xdf_mem_new(struct device *dev, size_t size);
struct xdf_mem *xdf_mem_alloc(struct device *dev, size_t size);
struct xdf_mem *xdf_mem_alloc_contiguous(struct device *dev, size_t size);
struct xdf_mem *xdf_mem_reuse(size_t size, bool contiguous);
void xdf_mem_put(struct xdf_mem *mem);

/* Memory that is shared: the caller's until xdf_grants_release() or xdf_grants_keep(). */
struct xdf_grants {
	struct xdf_mem *mem;		/* the memory, held */
	domid_t domid;
	unsigned long unused_since;	/* in jiffies, while it is kept */
	struct list_head link;		/* of those kept, or not let go */
	unsigned int count;		/* number of references, one for each 4 KiB */
	grant_ref_t refs[];		/* by page; 0 for one that was ended */
};

struct xdf_grants *xdf_grants_share(domid_t domid, struct xdf_mem *mem);
struct xdf_grants *xdf_grants_alloc(struct device *dev, domid_t domid, size_t size);
void xdf_grants_release(struct xdf_grants *grants);
void xdf_grants_keep(struct xdf_grants *grants);
void xdf_grants_forget(void);
int xdf_grants_leave(unsigned int count, unsigned int reserve);
void xdf_grants_print(struct seq_file *m);
int xdf_grants_init(unsigned int budget);
void xdf_grants_exit(void);

struct xdf_grants *xdf_directory_create(struct device *dev, domid_t domid,
					const u32 *refs, u32 count);
void xdf_directory_read(const struct xdf_grants *dir, u32 *refs, u32 count);

#endif /* XDF_GRANTS_H */
