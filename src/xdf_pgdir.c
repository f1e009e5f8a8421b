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

static u32 pgdir_count(u32 index, u32 nrefs)
{
	u32 count = nrefs - index * DISPLIF_REFS_PER_DIR;

	return count < DISPLIF_REFS_PER_DIR ? count : DISPLIF_REFS_PER_DIR;
}

/**
 * xdf_pgdir_fill - write one page of a directory
 * @dir: the page
 * @index: which one of xdf_pgdir_pages(@nrefs) it is
 * @dir_refs: references of all the directory's pages
 * @refs: references to list; NULL leaves them to the other side
 * @nrefs: their number
 */
void xdf_pgdir_fill(struct displif_page_directory *dir, u32 index,
		    const u32 *dir_refs, const u32 *refs, u32 nrefs)
{
	bool last = index + 1 == xdf_pgdir_pages(nrefs);

	dir->gref_dir_next_page = last ? 0 : dir_refs[index + 1];
	if (refs)
		memcpy(dir->gref, refs + index * DISPLIF_REFS_PER_DIR,
		       pgdir_count(index, nrefs) * sizeof(*refs));
}

/**
 * xdf_pgdir_read - take what the other side wrote into one page of a directory
 * @dir: the page
 * @index: which one of xdf_pgdir_pages(@nrefs) it is
 * @refs: result, room for all of the directory's references
 * @nrefs: their number
 */
void xdf_pgdir_read(const struct displif_page_directory *dir, u32 index,
		    u32 *refs, u32 nrefs)
{
	memcpy(refs + index * DISPLIF_REFS_PER_DIR, dir->gref,
	       pgdir_count(index, nrefs) * sizeof(*refs));
}
