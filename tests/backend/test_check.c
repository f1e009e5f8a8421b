// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <string.h>

#include "test.h"

static void test_pitch(void **state)
{
	(void)state;
	assert_int_equal(check_pitch(800, 32), 3200);
	assert_int_equal(check_pitch(801, 16), 1604);
	assert_int_equal(check_pitch(1, 16), 4);
	assert_int_equal(check_pitch(3, 24), 12);
	assert_int_equal(check_pitch(5, 8), 8);
	assert_true(check_pitch(UINT32_MAX, UINT32_MAX) > UINT32_MAX);
}

static void test_dbuf(void **state)
{
	struct displif_dbuf_create c = {
		.dbuf_cookie = 1, .width = 801, .height = 3, .bpp = 16,
		.buffer_sz = 1604 * 3,
	};
	uint32_t pitch = 0;

	(void)state;
	assert_int_equal(check_dbuf(&c, &pitch), 0);
	assert_int_equal(pitch, 1604);
	c.data_ofs = 1;
	assert_int_equal(check_dbuf(&c, &pitch), -ENOSPC);
	c.buffer_sz++;
	assert_int_equal(check_dbuf(&c, &pitch), 0);
	c.data_ofs = UINT32_MAX;
	assert_int_equal(check_dbuf(&c, &pitch), -ENOSPC);
	c.data_ofs = 0;
	c.width = 0;
	assert_int_equal(check_dbuf(&c, &pitch), -EINVAL);
	c.width = UINT32_MAX;
	assert_int_equal(check_dbuf(&c, &pitch), -EINVAL);
	/* its bytes are 2^32 + 65536: must not wrap into a small number */
	c.width = 16384;
	c.height = 16384;
	c.bpp = 32;
	c.buffer_sz = 65536;
	assert_int_equal(check_dbuf(&c, &pitch), -ENOSPC);
	c.bpp = 31;
	assert_int_equal(check_dbuf(&c, &pitch), -EINVAL);
}

static void test_fb(void **state)
{
	const struct format *xr24 = format_find(FOURCC('X', 'R', '2', '4'));
	const struct format *rg16 = format_find(FOURCC('R', 'G', '1', '6'));
	struct displif_fb_attach a = { .width = 800, .height = 600 };
	const char *why = "";

	(void)state;
	assert_int_equal(check_fb(800, 600, 32, 3200, &a, xr24, &why), 0);
	assert_int_equal(check_fb(832, 640, 32, 3328, &a, xr24, &why), 0);
	assert_int_equal(check_fb(799, 600, 32, 3200, &a, xr24, &why), -EINVAL);
	assert_string_equal(why, "fb-larger-than-dbuf");
	assert_int_equal(check_fb(800, 599, 32, 3200, &a, xr24, &why), -EINVAL);
	assert_int_equal(check_fb(800, 600, 32, 3200, &a, rg16, &why), -EINVAL);
	assert_string_equal(why, "fb-bpp");
	assert_int_equal(check_fb(800, 600, 32, 3199, &a, xr24, &why), -EINVAL);
	assert_string_equal(why, "fb-pitch");
	a.width = 0;
	assert_int_equal(check_fb(800, 600, 32, 3200, &a, xr24, &why), -EINVAL);
}

static void test_reserved(void **state)
{
	struct displif_req req;
	uint8_t *bytes = (uint8_t *)&req;
	size_t i, end;
	int op;

	(void)state;
	for (op = BE_OP_FIRST; op < BE_OP_FIRST + BE_OPS; op++) {
		memset(&req, 0, sizeof(req));
		req.operation = op;
		req.id = 0xffff;
		end = offsetof(struct displif_req, op) + op_payload(op);
		assert_true(check_reserved(&req));
		for (i = 3; i < sizeof(req); i++) {
			bytes[i] = 1;
			assert_int_equal(check_reserved(&req),
					 i >= 8 && i < end);
			bytes[i] = 0;
		}
	}
	/* as measured in the field: the last byte of each operation */
	assert_int_equal(op_payload(DISPLIF_OP_DBUF_CREATE), 36);
	assert_int_equal(op_payload(DISPLIF_OP_FB_ATTACH), 28);
	assert_int_equal(op_payload(DISPLIF_OP_SET_CONFIG), 28);
	assert_int_equal(op_payload(DISPLIF_OP_PG_FLIP), 8);
	assert_int_equal(op_payload(DISPLIF_OP_GET_EDID), 8);
}

static void test_resolution(void **state)
{
	static const char *const bad[] = {
		"", "x", "800x", "x600", "800", "-1x5", "0x0", "800x0",
		"0x600", "99999999x9", "800x600x32", " 800x600", "800X600",
		"800x600 ", "+8x6", "00000000000000000000800x600",
		"4294968096x600", "1e3x5",
	};
	uint32_t w, h;
	size_t i;

	(void)state;
	assert_true(parse_resolution("1920x1080", &w, &h));
	assert_int_equal(w, 1920);
	assert_int_equal(h, 1080);
	assert_true(parse_resolution("16384x1", &w, &h));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse_resolution(bad[i], &w, &h))
			fail_msg("'%s' was taken for %ux%u", bad[i], w, h);
}

static void test_words(void **state)
{
	uint32_t v, twin, refs[] = { 9, 8, 7, 8 };
	int status;

	(void)state;
	assert_true(parse_number("4294967295", UINT32_MAX, &v));
	assert_int_equal(v, UINT32_MAX);
	assert_false(parse_number("4294967296", UINT32_MAX, &v));
	assert_false(parse_number("", UINT32_MAX, &v));
	assert_false(parse_number("1 ", UINT32_MAX, &v));
	assert_int_equal(parse_errno("ENOMEM", &status), 0);
	assert_int_equal(status, -ENOMEM);
	assert_int_equal(parse_errno("-12345", &status), 0);
	assert_int_equal(status, -12345);
	assert_int_equal(parse_errno("7", &status), 0);
	assert_int_equal(status, 7);
	assert_int_equal(parse_errno("ENOTHING", &status), -EINVAL);
	assert_true(version_listed("1,2", 2));
	assert_true(version_listed("2", 2));
	assert_false(version_listed("1", 2));
	assert_false(version_listed("12,22", 2));
	assert_false(version_listed(NULL, 2));
	assert_true(mode_listed("800x600", 800, 600));
	assert_true(mode_listed("640x480,800x600,", 800, 600));
	assert_false(mode_listed("800x6000,1800x600", 800, 600));
	assert_false(mode_listed("800x60", 800, 600));
	assert_false(mode_listed("", 800, 600));
	assert_true(has_twins(refs, 4, &twin));
	assert_int_equal(twin, 8);
	assert_false(has_twins(refs, 3, &twin));
	assert_false(has_twins(refs, 0, &twin));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pitch),
		cmocka_unit_test(test_dbuf),
		cmocka_unit_test(test_fb),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_resolution),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
