/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Page directories: how a list of grant references lies in shared pages. */
#ifndef XDF_PGDIR_H
#define XDF_PGDIR_H

#include "displif_wire.h"
#include "xdf_port.h"

u32 xdf_pgdir_pages(u32 nrefs);
void xdf_pgdir_fill(struct displif_page_directory *dir, u32 index,
		    const u32 *dir_refs, const u32 *refs, u32 nrefs);

void xdf_pgdir_read(const struct displif_page_directory *dir, u32 index,
		    u32 *refs, u32 nrefs);

#endif /* XDF_PGDIR_H */
