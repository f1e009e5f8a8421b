/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Directories of grant references, in pages that the backend is given. */
#ifndef XDF_DIRECTORY_H
#define XDF_DIRECTORY_H

#include "xdf_grants.h"
#include "xdf_pgdir.h"

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

#endif /* XDF_DIRECTORY_H */
