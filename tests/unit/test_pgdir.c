// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdlib.h>

#include "unit.h"
#include "xdf_proto.h"

/* Reads a directory back as a backend does. */
static void round_trip(u32 nrefs)
{
	u32 ndir = xdf_pgdir_pages(nrefs);
	u32 *refs = malloc(nrefs * sizeof(*refs));
	u32 *dir_refs = malloc(ndir * sizeof(*dir_refs));
	unsigned char *pages = calloc(ndir, DISPLIF_PAGE_SIZE);
	u32 i, got = 0, next;

	for (i = 0; i < nrefs; i++)
		refs[i] = 1000000 + i;
	for (i = 0; i < ndir; i++)
		dir_refs[i] = 500 + 3 * i;
	for (i = 0; i < ndir; i++)
		xdf_pgdir_fill((void *)(pages + i * DISPLIF_PAGE_SIZE), i,
			       dir_refs, refs, nrefs);

	next = dir_refs[0];
	while (next) {
		struct displif_page_directory *dir;

		assert_true((next - 500) % 3 == 0 && (next - 500) / 3 < ndir);
		dir = (void *)(pages + (next - 500) / 3 * DISPLIF_PAGE_SIZE);
		for (i = 0; i < DISPLIF_REFS_PER_DIR && got < nrefs; i++)
			assert_int_equal(dir->gref[i], refs[got++]);
		next = dir->gref_dir_next_page;
		/* no page more than the list needs */
		assert_int_equal(!!next, got < nrefs);
	}
	assert_int_equal(got, nrefs);

	/* and the other way: the backend fills what is only linked here */
	memset(refs, 0, nrefs * sizeof(*refs));
	for (i = 0; i < ndir; i++)
		xdf_pgdir_read((void *)(pages + i * DISPLIF_PAGE_SIZE), i, refs,
			       nrefs);
	for (i = 0; i < nrefs; i++)
		assert_int_equal(refs[i], 1000000 + i);
	memset(pages, 0, ndir * (size_t)DISPLIF_PAGE_SIZE);
	for (i = 0; i < ndir; i++) {
		struct displif_page_directory *dir =
			(void *)(pages + i * DISPLIF_PAGE_SIZE);

		xdf_pgdir_fill(dir, i, dir_refs, NULL, nrefs);
		assert_int_equal(dir->gref[0], 0);
		assert_int_equal(dir->gref_dir_next_page,
				 i + 1 < ndir ? dir_refs[i + 1] : 0);
	}
	free(pages);
	free(dir_refs);
	free(refs);
}

static void round_trips(void **state)
{
	static const u32 counts[] = {
		1, 2, 1022, 1023, 1024, 2045, 2046, 2047, 8100, 32400, 65537,
	};
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		round_trip(counts[i]);
}

static void page_counts(void **state)
{
	assert_int_equal(xdf_pgdir_pages(1), 1);
	assert_int_equal(xdf_pgdir_pages(1023), 1);
	assert_int_equal(xdf_pgdir_pages(1024), 2);
	assert_int_equal(xdf_pgdir_pages(0xffffffff), 0xffffffff / 1023 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_counts),
		cmocka_unit_test(round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
