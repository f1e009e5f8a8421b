// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <libdrm/drm_fourcc.h>

#include "unit.h"
#include "xdf_proto.h"

static void bits(void **state)
{
	u32 seen = 0;
	int i;

	for (i = 0; i < XDF_FORMATS; i++) {
		u32 bit = xdf_format_bit(xdf_formats[i]);

		assert_true(bit && !(bit & (bit - 1)));
		assert_false(seen & bit);
		seen |= bit;
	}
	assert_int_equal(xdf_format_bit(0), 0);
	assert_int_equal(xdf_format_bit(DRM_FORMAT_NV12), 0);
	assert_int_equal(xdf_format_bit(DRM_FORMAT_BGR565), 0);
}

static void ladders(void **state)
{
	static const u32 want[XDF_FORMATS][4] = {
		{ DRM_FORMAT_XRGB8888 },
		{ DRM_FORMAT_ARGB8888, DRM_FORMAT_XRGB8888 },
		{ DRM_FORMAT_XBGR8888, DRM_FORMAT_XRGB8888 },
		{ DRM_FORMAT_ABGR8888, DRM_FORMAT_XBGR8888,
		  DRM_FORMAT_XRGB8888 },
		{ DRM_FORMAT_RGB565, DRM_FORMAT_XRGB8888 },
		{ DRM_FORMAT_XRGB2101010, DRM_FORMAT_XRGB8888 },
		{ DRM_FORMAT_ARGB2101010, DRM_FORMAT_XRGB2101010,
		  DRM_FORMAT_XRGB8888 },
		{ DRM_FORMAT_XBGR2101010, DRM_FORMAT_XRGB8888 },
		{ DRM_FORMAT_ABGR2101010, DRM_FORMAT_XBGR2101010,
		  DRM_FORMAT_XRGB8888 },
	};
	int i, j;

	for (i = 0; i < XDF_FORMATS; i++) {
		u32 format = xdf_formats[i];

		for (j = 0; want[i][j]; j++) {
			assert_int_equal(format, want[i][j]);
			format = xdf_format_next(xdf_formats[i], format);
		}
		assert_int_equal(format, 0);
	}
}

static void same(void **state)
{
	assert_true(xdf_format_is_same(DRM_FORMAT_XRGB8888,
				       DRM_FORMAT_XRGB8888));
	assert_true(xdf_format_is_same(DRM_FORMAT_ARGB8888,
				       DRM_FORMAT_XRGB8888));
	assert_true(xdf_format_is_same(DRM_FORMAT_ABGR2101010,
				       DRM_FORMAT_XBGR2101010));
	assert_true(xdf_format_is_same(DRM_FORMAT_RGB565, DRM_FORMAT_RGB565));
	assert_false(xdf_format_is_same(DRM_FORMAT_RGB565,
					DRM_FORMAT_XRGB8888));
	assert_false(xdf_format_is_same(DRM_FORMAT_ABGR8888,
					DRM_FORMAT_XRGB8888));
	assert_false(xdf_format_is_same(DRM_FORMAT_XRGB2101010,
					DRM_FORMAT_XBGR2101010));
}

static u32 convert32(u32 format, u32 pixel)
{
	u32 to[3] = { 1, 2, 3 };

	xdf_format_to_xrgb8888(&to[1], &pixel, 1, format);
	/* no pixel more, none before */
	assert_int_equal(to[0], 1);
	assert_int_equal(to[2], 3);
	return to[1];
}

static void convert_32_bits(void **state)
{
	/* each channel alone, at its ends; alpha and filler make no difference */
	static const struct {
		u32 format, pixel, want;
	} cases[] = {
		{ DRM_FORMAT_XRGB8888, 0x00112233, 0xff112233 },
		{ DRM_FORMAT_ARGB8888, 0x80112233, 0xff112233 },
		{ DRM_FORMAT_XBGR8888, 0x00112233, 0xff332211 },
		{ DRM_FORMAT_ABGR8888, 0x80112233, 0xff332211 },
		{ DRM_FORMAT_XBGR8888, 0xffffffff, 0xffffffff },
		{ DRM_FORMAT_XBGR8888, 0, 0xff000000 },
		{ DRM_FORMAT_XRGB2101010, 0x3ff00000, 0xffff0000 },
		{ DRM_FORMAT_XRGB2101010, 0x000ffc00, 0xff00ff00 },
		{ DRM_FORMAT_XRGB2101010, 0x000003ff, 0xff0000ff },
		{ DRM_FORMAT_XRGB2101010, 0xc0000000, 0xff000000 },
		{ DRM_FORMAT_XRGB2101010, 0x00300c03, 0xff000000 },
		{ DRM_FORMAT_XRGB2101010, 0x00401004, 0xff010101 },
		{ DRM_FORMAT_ARGB2101010, 0x7ff00000, 0xffff0000 },
		{ DRM_FORMAT_ARGB2101010, 0xffffffff, 0xffffffff },
		{ DRM_FORMAT_XBGR2101010, 0x3ff00000, 0xff0000ff },
		{ DRM_FORMAT_XBGR2101010, 0x000ffc00, 0xff00ff00 },
		{ DRM_FORMAT_XBGR2101010, 0x000003ff, 0xffff0000 },
		{ DRM_FORMAT_XBGR2101010, 0x00300c03, 0xff000000 },
		{ DRM_FORMAT_XBGR2101010, 0x20040110, 0xff444080 },
		{ DRM_FORMAT_ABGR2101010, 0xc0000004, 0xff010000 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(convert32(cases[i].format, cases[i].pixel),
				 cases[i].want);
}

/* The nearest of 8 bits, as a number of 5 or 6 bits is a fraction of its largest. */
static u32 scale(u32 value, u32 max)
{
	return (value * 255 * 2 + max) / (max * 2);
}

static void convert_565(void **state)
{
	u32 i, n, to[7];
	u16 from[7];

	for (i = 0; i < 0x10000; i++) {
		u16 pixel = i;
		u32 r, g, b;

		xdf_format_to_xrgb8888(to, &pixel, 1, DRM_FORMAT_RGB565);
		r = to[0] >> 16 & 0xff;
		g = to[0] >> 8 & 0xff;
		b = to[0] & 0xff;
		assert_int_equal(to[0] >> 24, 0xff);
		assert_within(r + 1, scale(i >> 11, 31), scale(i >> 11, 31) + 2);
		assert_within(g + 1, scale(i >> 5 & 63, 63),
				scale(i >> 5 & 63, 63) + 2);
		assert_within(b + 1, scale(i & 31, 31), scale(i & 31, 31) + 2);
	}
	/* lines of any width, to the pixel */
	for (n = 0; n < 7; n++) {
		for (i = 0; i < 7; i++) {
			from[i] = i % 3 == 0 ? 0xf800 : i % 3 == 1 ? 0x07e0 : 0x001f;
			to[i] = 7;
		}
		xdf_format_to_xrgb8888(to, from, n, DRM_FORMAT_RGB565);
		for (i = 0; i < 7; i++)
			assert_int_equal(to[i], i >= n ? 7 :
					 i % 3 == 0 ? 0xffff0000 :
					 i % 3 == 1 ? 0xff00ff00 : 0xff0000ff);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits),
		cmocka_unit_test(ladders),
		cmocka_unit_test(same),
		cmocka_unit_test(convert_32_bits),
		cmocka_unit_test(convert_565),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
