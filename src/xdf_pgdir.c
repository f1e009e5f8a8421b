// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "xdf_pgdir.h"

/**
 * xdf_pgdir_pages - how many directory pages a list takes
 * @nrefs: references to list, one for each 4 KiB of the buffer
 *
 * Return: pages of DISPLIF_PAGE_SIZE.
 */
u32 xdf_pgdir_pages(u32 nrefs)
{
	return nrefs / DISPLIF_REFS_PER_DIR + !!(nrefs % DISPLIF_REFS_PER_DIR);
}

/**
 * xdf_pgdir_fill - write one page of a directory
 * @dir: the page
 * @index: which one of xdf_pgdir_pages(@nrefs) it is
 * @dir_refs: references of all the directory's pages
 * @refs: references to list
 * @nrefs: their number
 */
void xdf_pgdir_fill(struct displif_page_directory *dir, u32 index,
		    const u32 *dir_refs, const u32 *refs, u32 nrefs)
{
	u32 first = index * DISPLIF_REFS_PER_DIR;
	u32 count = nrefs - first;
	bool last = count <= DISPLIF_REFS_PER_DIR;

	if (!last)
		count = DISPLIF_REFS_PER_DIR;
	dir->gref_dir_next_page = last ? 0 : dir_refs[index + 1];
	memcpy(dir->gref, refs + first, count * sizeof(*refs));
}
