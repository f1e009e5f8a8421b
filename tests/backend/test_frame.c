// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static void one(const char *name, uint32_t px, uint8_t r, uint8_t g, uint8_t b)
{
	const struct format *f = format_find(FOURCC(name[0], name[1], name[2],
						    name[3]));
	uint8_t in[8], rgb[6];
	int i, cpp;

	if (!f) {
		fail_msg("%s is unknown", name);
		return;
	}
	assert_string_equal(f->name, name);
	cpp = f->bpp / 8;
	memset(in, 0xa5, sizeof(in));
	for (i = 0; i < cpp; i++)
		in[cpp + i] = px >> (8 * i);
	/* as the second pixel: the step between pixels counts too */
	frame_line_rgb(rgb, in, 2, f);
	if (rgb[3] != r || rgb[4] != g || rgb[5] != b)
		fail_msg("%s 0x%08x gave %u %u %u, not %u %u %u", name, px,
			 rgb[3], rgb[4], rgb[5], r, g, b);
}

static void test_32(void **state)
{
	(void)state;
	one("XR24", 0xff112233, 0x11, 0x22, 0x33);
	one("XR24", 0x00112233, 0x11, 0x22, 0x33);
	one("AR24", 0x80112233, 0x11, 0x22, 0x33);
	one("XB24", 0xff332211, 0x11, 0x22, 0x33);
	one("AB24", 0x01332211, 0x11, 0x22, 0x33);
	one("RX24", 0x112233ff, 0x11, 0x22, 0x33);
	one("RA24", 0x11223300, 0x11, 0x22, 0x33);
	one("BX24", 0x332211ff, 0x11, 0x22, 0x33);
	one("BA24", 0x33221100, 0x11, 0x22, 0x33);
}

static void test_30(void **state)
{
	(void)state;
	one("XR30", 0x3ffu << 20, 0xff, 0, 0);
	one("XR30", 0x3ffu << 10, 0, 0xff, 0);
	one("XR30", 0x3ffu, 0, 0, 0xff);
	one("XR30", 3u << 30, 0, 0, 0);
	one("AR30", 0x203u << 20 | 0x101u << 10 | 4, 0x80, 0x40, 1);
	one("XB30", 0x3ffu << 20, 0, 0, 0xff);
	one("XB30", 0x3ffu, 0xff, 0, 0);
	one("AB30", 0x203u | 0x101u << 10 | 4u << 20, 0x80, 0x40, 1);
}

static void test_16(void **state)
{
	(void)state;
	one("RG16", 0xffff, 255, 255, 255);
	one("RG16", 0xf800, 255, 0, 0);
	one("RG16", 0x07e0, 0, 255, 0);
	one("RG16", 0x001f, 0, 0, 255);
	one("RG16", 0x8410, 132, 130, 132);
}

static void test_text(void **state)
{
	char buf[12];

	(void)state;
	assert_string_equal(fourcc_text(FOURCC('X', 'R', '2', '4'), buf), "XR24");
	assert_string_equal(fourcc_text(0, buf), "0x00000000");
	assert_string_equal(fourcc_text(FOURCC('A', '"', ' ', '\n'), buf),
			    "0x0a202241");
	assert_null(format_find(0));
	assert_string_equal(printable("a\"b\nc", buf, sizeof(buf)), "a?b?c");
	assert_string_equal(printable("0123456789abcdef", buf, 5), "0123");
}

static void test_hash(void **state)
{
	(void)state;
	/* the published value for one byte */
	assert_true(frame_hash((const uint8_t *)"a", 1) == 0xaf63dc4c8601ec8cull);
}

static void test_folder(void **state)
{
	char dir[] = "/tmp/xdf-folder-XXXXXX", sub[64], deep[64];
	struct stat st;
	FILE *f;

	(void)state;
	umask(0);
	assert_non_null(mkdtemp(dir));
	snprintf(sub, sizeof(sub), "%s/screens", dir);
	snprintf(deep, sizeof(deep), "%s/none/screens", dir);
	assert_int_equal(picture_folder(deep), -ENOENT);
	assert_int_equal(picture_folder(sub), 0);
	assert_int_equal(stat(sub, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0700);
	/* one that is there stays as it is */
	assert_int_equal(chmod(sub, 0750), 0);
	assert_int_equal(picture_folder(sub), 0);
	assert_int_equal(stat(sub, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	rmdir(sub);
	f = fopen(sub, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(picture_folder(sub), -ENOTDIR);
	unlink(sub);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_32),
		cmocka_unit_test(test_30),
		cmocka_unit_test(test_16),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
