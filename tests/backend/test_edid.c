// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The monitor's description; edid-decode judges the same sizes in test_edid.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../src/backend/edid.h"

static const uint32_t sizes[][2] = {
	{ 1, 1 }, { 7, 7 }, { 320, 8 }, { 640, 480 }, { 801, 601 }, { 1000, 700 },
	{ 1920, 1080 }, { 2560, 1440 }, { 3840, 2160 }, { 4096, 2160 },
	{ 7680, 4320 }, { 16384, 16384 }, { 1, 16384 },
};

static void test_sums(void **state)
{
	uint8_t e[EDID_BLOCKS * EDID_BLOCK], sum;
	size_t i, j, b;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(edid_make(e, "id0", sizes[i][0], sizes[i][1]),
				 sizeof(e));
		for (b = 0; b < EDID_BLOCKS; b++) {
			sum = 0;
			for (j = 0; j < EDID_BLOCK; j++)
				sum += e[b * EDID_BLOCK + j];
			assert_int_equal(sum, 0);
		}
	}
}

/* Of the first mode of the first block and of the extension. */
static void test_preferred(void **state)
{
	uint8_t e[EDID_BLOCKS * EDID_BLOCK];
	const uint8_t *d = e + 54, *x = e + EDID_BLOCK + 5 + 15 + 15 + 13 + 3;
	uint32_t w, h;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		edid_make(e, "id0", sizes[i][0], sizes[i][1]);
		w = d[2] | (d[4] & 0xf0) << 4;
		h = d[5] | (d[7] & 0xf0) << 4;
		if (sizes[i][0] <= 3840 && sizes[i][1] <= 2160) {
			assert_int_equal(w, sizes[i][0]);
			assert_int_equal(h, sizes[i][1]);
		} else {
			assert_int_equal(w, 1920);
			assert_int_equal(h, 1080);
		}
		assert_int_equal(x[3] & 0x80, 0x80);
		assert_int_equal((x[4] | x[5] << 8) + 1, sizes[i][0]);
		assert_int_equal((x[12] | x[13] << 8) + 1, sizes[i][1]);
	}
}

static void test_size(void **state)
{
	uint8_t e[EDID_BLOCKS * EDID_BLOCK];

	(void)state;
	edid_make(e, "id0", 1920, 1080);
	/* 96 dpi: 50.8 and 28.6 cm */
	assert_int_equal(e[21], 50);
	assert_int_equal(e[22], 28);
	/* too large for the field: the shape stays */
	edid_make(e, "id0", 16384, 8192);
	assert_int_equal(e[21], 255);
	assert_int_equal(e[22], 127);
}

static void test_name(void **state)
{
	uint8_t e[EDID_BLOCKS * EDID_BLOCK];
	char name[4001];

	(void)state;
	edid_make(e, "id0", 640, 480);
	assert_memory_equal(e + 95, "id0\n         ", 13);
	memset(name, 'n', 4000);
	name[4000] = '\0';
	edid_make(e, name, 640, 480);
	assert_memory_equal(e + 95, "nnnnnnnnnnnnn", 13);
	edid_make(e, "a\nb\xff/", 640, 480);
	assert_memory_equal(e + 95, "a?b?/\n       ", 13);
}

/* For test_edid.sh: NAME WIDTH HEIGHT, and the bytes go to standard output. */
static int print(char **argv)
{
	uint8_t e[EDID_BLOCKS * EDID_BLOCK];
	unsigned int w, h;

	if (sscanf(argv[2], "%ux%u", &w, &h) != 2)
		return 2;
	fwrite(e, 1, edid_make(e, argv[1], w, h), stdout);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_preferred),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_name),
	};

	if (argc == 3)
		return print(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
