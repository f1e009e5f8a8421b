// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "unit.h"
#include "xdf_proto.h"

static void resolution_good(void **state)
{
	static const struct {
		const char *text;
		u32 w, h;
	} good[] = {
		{ "800x600", 800, 600 },
		{ "1x1", 1, 1 },
		{ "801x601", 801, 601 },
		{ "3840x2160", 3840, 2160 },
		{ "7680x4320", 7680, 4320 },
		{ "16384x16384", 16384, 16384 },
	};
	u32 w, h;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(xdf_parse_resolution(good[i].text, &w, &h), 0);
		assert_int_equal(w, good[i].w);
		assert_int_equal(h, good[i].h);
	}
}

static void resolution_bad(void **state)
{
	static const struct {
		const char *text;
		int ret;
	} bad[] = {
		{ "", -EINVAL }, { "x", -EINVAL }, { "800", -EINVAL },
		{ "800x", -EINVAL }, { "x600", -EINVAL },
		{ "-1x5", -EINVAL }, { "+8x6", -EINVAL },
		{ "800x600 ", -EINVAL }, { " 800x600", -EINVAL },
		{ "800x600x32", -EINVAL }, { "0x10", -ERANGE },
		{ "800X600", -EINVAL }, { "800,600", -EINVAL },
		{ "0x0", -ERANGE }, { "0x600", -ERANGE }, { "800x0", -ERANGE },
		{ "99999999x9", -ERANGE }, { "16385x1", -ERANGE },
		{ "4294967296x1", -EINVAL }, { "4294968096x600", -EINVAL },
		{ "18446744073709552416x600", -EINVAL },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		u32 w = 7, h = 9;

		assert_int_equal(xdf_parse_resolution(bad[i].text, &w, &h),
				 bad[i].ret);
		assert_int_equal(w, 7);
		assert_int_equal(h, 9);
	}
}

static void index_names(void **state)
{
	u32 v;

	assert_int_equal(xdf_parse_index("0", &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(xdf_parse_index("15", &v), 0);
	assert_int_equal(v, 15);
	assert_int_equal(xdf_parse_index("", &v), -EINVAL);
	assert_int_equal(xdf_parse_index("01", &v), -EINVAL);
	assert_int_equal(xdf_parse_index("1a", &v), -EINVAL);
	assert_int_equal(xdf_parse_index("-1", &v), -EINVAL);
	assert_int_equal(xdf_parse_index("state", &v), -EINVAL);
	assert_int_equal(xdf_parse_index("4294967296", &v), -EINVAL);
}

static void versions(void **state)
{
	assert_int_equal(xdf_parse_versions(NULL), 1);
	assert_int_equal(xdf_parse_versions(""), 1);
	assert_int_equal(xdf_parse_versions("1"), 1);
	assert_int_equal(xdf_parse_versions("2"), 2);
	assert_int_equal(xdf_parse_versions("1,2"), 2);
	assert_int_equal(xdf_parse_versions("2,1"), 2);
	assert_int_equal(xdf_parse_versions("1, 2"), 2);
	assert_int_equal(xdf_parse_versions("1,2,3"), 2);
	assert_int_equal(xdf_parse_versions("3,4"), 0);
	assert_int_equal(xdf_parse_versions("0"), 0);
	assert_int_equal(xdf_parse_versions("rubbish"), 0);
	assert_int_equal(xdf_parse_versions("1,rubbish"), 1);
}

static void timings(void **state)
{
	static const u32 sizes[][2] = {
		{ 1, 1 }, { 640, 480 }, { 801, 601 }, { 1920, 1080 },
		{ 3840, 2160 }, { 7680, 4320 }, { 16384, 16384 },
	};
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct drm_display_mode t;
		double hz;

		xdf_mode_timings(&t, sizes[i][0], sizes[i][1], 60);
		assert_int_equal(t.hdisplay, sizes[i][0]);
		assert_int_equal(t.vdisplay, sizes[i][1]);
		assert_true(t.hdisplay < t.hsync_start);
		assert_true(t.hsync_start < t.hsync_end);
		assert_true(t.hsync_end < t.htotal);
		assert_true(t.vdisplay < t.vsync_start);
		assert_true(t.vsync_start < t.vsync_end);
		assert_true(t.vsync_end < t.vtotal);
		hz = t.clock * 1000.0 / ((double)t.htotal * t.vtotal);
		assert_true(hz > 59.8 && hz < 60.2);
		/* DRM keeps the clock in an int */
		assert_true(t.clock <= INT32_MAX);
	}
}

static void dumb(void **state)
{
	u32 pitch;
	u64 size;

	assert_int_equal(xdf_dumb_layout(801, 601, 32, &pitch, &size), 0);
	assert_true(pitch >= 801 * 4 && pitch % XDF_PITCH_ALIGN == 0);
	assert_true(size >= (u64)pitch * 601);
	assert_int_equal(xdf_dumb_layout(801, 601, 16, &pitch, &size), 0);
	assert_true(pitch >= 801 * 2 && pitch < 801 * 4);
	assert_int_equal(xdf_dumb_layout(16384, 16383, 32, &pitch, &size), 0);
	assert_int_equal(xdf_dumb_layout(0, 1, 32, &pitch, &size), -EINVAL);
	assert_int_equal(xdf_dumb_layout(1, 0, 32, &pitch, &size), -EINVAL);
	assert_int_equal(xdf_dumb_layout(1, 1, 0, &pitch, &size), -EINVAL);
	assert_int_equal(xdf_dumb_layout(0xffffffff, 1, 32, &pitch, &size),
			 -EINVAL);
	assert_int_equal(xdf_dumb_layout(0x10000, 0x10000, 32, &pitch, &size),
			 -EINVAL);
	assert_int_equal(xdf_dumb_layout(1, 0xffffffff, 32, &pitch, &size),
			 -EINVAL);
}

static void layouts(void **state)
{
	const struct xdf_layout good = { 100, 50, 400, 0, 4 };
	struct xdf_layout l;

	assert_int_equal(xdf_layout_check(&good, 20000), 0);
	assert_int_equal(xdf_layout_check(&good, 19999), -EINVAL);
	assert_int_equal(xdf_layout_check(&good, 1ULL << 32), -EINVAL);
	l = good, l.pitch = 396;
	assert_int_equal(xdf_layout_check(&l, 20000), -EINVAL);
	l = good, l.pitch = 402;
	assert_int_equal(xdf_layout_check(&l, 40000), -EINVAL);
	l = good, l.cpp = 2, l.pitch = 202;
	assert_int_equal(xdf_layout_check(&l, 40000), -EINVAL);
	l = good, l.cpp = 2, l.pitch = 204;
	assert_int_equal(xdf_layout_check(&l, 40000), 0);
	l = good, l.offset = 4;
	assert_int_equal(xdf_layout_check(&l, 20000), -EINVAL);
	assert_int_equal(xdf_layout_check(&l, 20004), 0);
	l = good, l.offset = 2;
	assert_int_equal(xdf_layout_check(&l, 30000), -EINVAL);
	l = good, l.offset = 0xfffffffc;
	assert_int_equal(xdf_layout_check(&l, 20000), -EINVAL);
	l = good, l.width = 0;
	assert_int_equal(xdf_layout_check(&l, 20000), -EINVAL);
	l = good, l.height = 0;
	assert_int_equal(xdf_layout_check(&l, 20000), -EINVAL);
	l = good, l.width = 0x40000001, l.pitch = 4;
	assert_int_equal(xdf_layout_check(&l, 20000), -EINVAL);
	l = good, l.height = 0x40000000;
	assert_int_equal(xdf_layout_check(&l, 20000), -EINVAL);

	/* a copy can be made of more: odd lines, and a last one that is short */
	l = good, l.cpp = 2, l.pitch = 202;
	assert_int_equal(xdf_layout_fits(&l, 40000), 0);
	l = good;
	assert_int_equal(xdf_layout_fits(&l, (u64)good.pitch * (good.height - 1) +
					 good.width * good.cpp), 0);
	assert_int_equal(xdf_layout_fits(&l, (u64)good.pitch * (good.height - 1) +
					 good.width * good.cpp - 1), -EINVAL);
	l = good, l.pitch = 396;
	assert_int_equal(xdf_layout_fits(&l, 40000), -EINVAL);
	l = good, l.pitch = 402;
	assert_int_equal(xdf_layout_fits(&l, 50000), -EINVAL);
	l = good, l.offset = 0xfffffffc;
	assert_int_equal(xdf_layout_fits(&l, 40000), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolution_good),
		cmocka_unit_test(resolution_bad),
		cmocka_unit_test(index_names),
		cmocka_unit_test(versions),
		cmocka_unit_test(timings),
		cmocka_unit_test(dumb),
		cmocka_unit_test(layouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
