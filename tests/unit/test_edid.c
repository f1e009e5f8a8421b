// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "unit.h"
#include "displif_wire.h"
#include "xdf_proto.h"

static u8 edid[DISPLIF_EDID_MAX];

static void sum(u32 block)
{
	u8 *b = edid + block * DISPLIF_EDID_BLOCK, s = 0;
	u32 i;

	for (i = 0; i < DISPLIF_EDID_BLOCK - 1; i++)
		s += b[i];
	b[DISPLIF_EDID_BLOCK - 1] = -s;
}

static int make(void **state)
{
	u32 i;

	memset(edid, 0x11, sizeof(edid));
	memset(edid, 0xff, 8);
	edid[0] = edid[7] = 0;
	edid[126] = 0;
	for (i = 0; i < 256; i++)
		sum(i);
	return 0;
}

static void good(void **state)
{
	assert_int_equal(xdf_edid_check(edid, 128), 128);
	/* what follows the blocks that it counts is left alone */
	assert_int_equal(xdf_edid_check(edid, 256), 128);
	edid[126] = 1;
	sum(0);
	assert_int_equal(xdf_edid_check(edid, 256), 256);
	edid[126] = 255;
	sum(0);
	assert_int_equal(xdf_edid_check(edid, DISPLIF_EDID_MAX),
			 DISPLIF_EDID_MAX);
}

static void sizes(void **state)
{
	assert_int_equal(xdf_edid_check(edid, 0), -EINVAL);
	assert_int_equal(xdf_edid_check(edid, 127), -EINVAL);
	assert_int_equal(xdf_edid_check(edid, 129), -EINVAL);
	assert_int_equal(xdf_edid_check(edid, DISPLIF_EDID_MAX + 128),
			 -EINVAL);
	assert_int_equal(xdf_edid_check(edid, 0xffffff80), -EINVAL);
	edid[126] = 1;
	sum(0);
	assert_int_equal(xdf_edid_check(edid, 128), -EINVAL);
}

static void contents(void **state)
{
	edid[1] ^= 1;
	sum(0);
	assert_int_equal(xdf_edid_check(edid, 128), -EINVAL);
	make(state);
	edid[60]++;
	assert_int_equal(xdf_edid_check(edid, 128), -EINVAL);
	make(state);
	edid[126] = 1;
	sum(0);
	edid[200]++;
	assert_int_equal(xdf_edid_check(edid, 256), -EINVAL);
	assert_int_equal(xdf_edid_check(edid, 128), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(good, make),
		cmocka_unit_test_setup(sizes, make),
		cmocka_unit_test_setup(contents, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
