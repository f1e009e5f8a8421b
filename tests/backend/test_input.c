// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Keys and pointers on their way to a guest. */
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <xen/io/kbdif.h>

#include "../../src/backend/input.h"

static uint8_t memory[4096] __attribute__((aligned(4096)));
static struct xenkbd_page *page = (struct xenkbd_page *)memory;
static struct input in;
static unsigned int notified;

static void notify(struct input *i)
{
	(void)i;
	notified++;
}

static int setup(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	memset(&in, 0, sizeof(in));
	in.notify = notify;
	notified = 0;
	input_attach(&in, page);
	return keys_open(NULL);
}

static int teardown(void **state)
{
	(void)state;
	keys_close();
	return 0;
}

/* The guest's next event. */
static const union xenkbd_in_event *event(void)
{
	assert_int_not_equal(page->in_cons, page->in_prod);
	return &XENKBD_IN_RING_REF(page, page->in_cons++);
}

static void expect_key(uint16_t code, bool down)
{
	const union xenkbd_in_event *e = event();

	assert_int_equal(e->type, XENKBD_TYPE_KEY);
	assert_int_equal(e->key.keycode, code);
	assert_int_equal(e->key.pressed, down);
}

static void expect_none(void)
{
	assert_int_equal(page->in_cons, page->in_prod);
}

static void expect_position(int32_t x, int32_t y, int32_t wheel)
{
	const union xenkbd_in_event *e = event();

	assert_int_equal(e->type, XENKBD_TYPE_POS);
	assert_int_equal(e->pos.abs_x, x);
	assert_int_equal(e->pos.abs_y, y);
	assert_int_equal(e->pos.rel_z, wheel);
}

static void test_keys(void **state)
{
	struct input_held a = { { 0 }, 0 };

	(void)state;
	input_key(&in, &a, KEY_A, true);
	input_key(&in, &a, KEY_A, true);
	input_key(&in, &a, KEY_A, false);
	input_key(&in, &a, KEY_A, false);
	expect_key(KEY_A, true);
	expect_key(KEY_A, true);
	expect_key(KEY_A, false);
	expect_none();
	assert_true(notified >= 3);
	/* no code, and one beyond the table */
	input_key(&in, &a, 0, true);
	input_key(&in, &a, 0xffff, true);
	expect_none();
}

static void test_two_viewers(void **state)
{
	struct input_held a = { { 0 }, 0 }, b = { { 0 }, 0 };

	(void)state;
	input_key(&in, &a, KEY_LEFTCTRL, true);
	input_key(&in, &b, KEY_LEFTCTRL, true);
	input_key(&in, &a, KEY_LEFTCTRL, false);
	expect_key(KEY_LEFTCTRL, true);
	expect_none();
	input_let_go(&in, &b);
	expect_key(KEY_LEFTCTRL, false);
	expect_none();
}

static void test_let_go(void **state)
{
	const struct input_area area = { 0, 0, 100, 100, 100, 100 };
	struct input_held a = { { 0 }, 0 };

	(void)state;
	input_key(&in, &a, KEY_LEFTSHIFT, true);
	input_pointer(&in, &a, &area, 0, 0, 1);
	expect_key(KEY_LEFTSHIFT, true);
	expect_position(0, 0, 0);
	expect_key(BTN_LEFT, true);
	input_let_go(&in, &a);
	expect_key(KEY_LEFTSHIFT, false);
	expect_key(BTN_LEFT, false);
	expect_none();
	input_let_go(&in, &a);
	expect_none();
}

static void test_symbols(void **state)
{
	struct input_held a = { { 0 }, 0 };

	(void)state;
	/* small: as it is */
	input_symbol(&in, &a, 'a', true);
	input_symbol(&in, &a, 'a', false);
	expect_key(KEY_A, true);
	expect_key(KEY_A, false);
	/* '(' of a viewer whose layout needs no Shift for it */
	input_symbol(&in, &a, '(', true);
	input_symbol(&in, &a, '(', false);
	expect_key(KEY_LEFTSHIFT, true);
	expect_key(KEY_9, true);
	expect_key(KEY_LEFTSHIFT, false);
	expect_key(KEY_9, false);
	/* '/' of one that holds Shift for it, and the guest's does not want it */
	input_symbol(&in, &a, 0xffe1, true);
	input_symbol(&in, &a, '/', true);
	expect_key(KEY_LEFTSHIFT, true);
	expect_key(KEY_LEFTSHIFT, false);
	expect_key(KEY_SLASH, true);
	expect_key(KEY_LEFTSHIFT, true);
	input_let_go(&in, &a);
	expect_key(KEY_LEFTSHIFT, false);
	expect_key(KEY_SLASH, false);
	/* what the layout lacks */
	input_symbol(&in, &a, 0x1002603, true);
	expect_none();
}

static void test_pointer(void **state)
{
	const struct input_area right = { 1024, 0, 640, 480, 1664, 768 };
	struct input_held a = { { 0 }, 0 };

	(void)state;
	input_pointer(&in, &a, &right, 0, 0, 0);
	expect_position(1024 * 32767 / 1663, 0, 0);
	input_pointer(&in, &a, &right, 639, 479, 0);
	expect_position(32767, 479 * 32767 / 767, 0);
	/* beyond the picture is its border */
	input_pointer(&in, &a, &right, 5000, 5000, 0);
	expect_position(32767, 479 * 32767 / 767, 0);
	/* a wheel turns once for each press */
	input_pointer(&in, &a, &right, 0, 0, 8);
	input_pointer(&in, &a, &right, 0, 0, 8);
	input_pointer(&in, &a, &right, 0, 0, 16);
	expect_position(1024 * 32767 / 1663, 0, -1);
	expect_position(1024 * 32767 / 1663, 0, 0);
	expect_position(1024 * 32767 / 1663, 0, 1);
	expect_none();
}

static void test_buttons(void **state)
{
	const struct input_area area = { 0, 0, 2, 2, 2, 2 };
	const uint16_t codes[] = {
		BTN_LEFT, BTN_MIDDLE, BTN_RIGHT, BTN_SIDE, BTN_EXTRA,
	};
	const uint32_t masks[] = { 1, 2, 4, 0x80, 0x100 };
	struct input_held a = { { 0 }, 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		input_pointer(&in, &a, &area, 1, 1, masks[i]);
		input_pointer(&in, &a, &area, 1, 1, 0);
		expect_position(32767, 32767, 0);
		expect_key(codes[i], true);
		expect_position(32767, 32767, 0);
		expect_key(codes[i], false);
	}
	expect_none();
}

/* A guest that does not read, or lies about what it has read. */
static void test_full(void **state)
{
	struct input_held a = { { 0 }, 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 200; i++)
		input_key(&in, &a, KEY_A, !(i & 1));
	assert_int_equal(page->in_prod, XENKBD_IN_RING_LEN);
	assert_int_equal(in.dropped, 200 - XENKBD_IN_RING_LEN);
	page->in_cons = page->in_prod + 1000;
	input_key(&in, &a, KEY_B, true);
	assert_int_equal(page->in_prod, XENKBD_IN_RING_LEN);
	/* nor does its word of in_prod count */
	page->in_cons = XENKBD_IN_RING_LEN;
	page->in_prod = 12345;
	input_key(&in, &a, KEY_C, true);
	assert_int_equal(page->in_prod, XENKBD_IN_RING_LEN + 1);
}

static void test_no_page(void **state)
{
	struct input_held a = { { 0 }, 0 };
	const struct input_area area = { 0, 0, 10, 10, 10, 10 };

	(void)state;
	input_detach(&in);
	input_key(&in, &a, KEY_A, true);
	input_symbol(&in, &a, 'b', true);
	input_pointer(&in, &a, &area, 1, 1, 1);
	input_let_go(&in, &a);
	expect_none();
}

static void test_scancodes(void **state)
{
	uint32_t i;

	(void)state;
	/* the main block is Linux' own */
	for (i = 1; i <= 0x53; i++)
		assert_int_equal(keys_scancode(i), i);
	assert_int_equal(keys_scancode(0x56), KEY_102ND);
	assert_int_equal(keys_scancode(0x57), KEY_F11);
	assert_int_equal(keys_scancode(0x58), KEY_F12);
	assert_int_equal(keys_scancode(0x9d), KEY_RIGHTCTRL);
	assert_int_equal(keys_scancode(0xb8), KEY_RIGHTALT);
	assert_int_equal(keys_scancode(0xc8), KEY_UP);
	assert_int_equal(keys_scancode(0xd3), KEY_DELETE);
	assert_int_equal(keys_scancode(0xc6), KEY_PAUSE);
	assert_int_equal(keys_scancode(0), 0);
	for (i = 0x100; i < 0x200; i++)
		assert_int_equal(keys_scancode(i), 0);
	assert_int_equal(keys_scancode(UINT32_MAX), 0);
}

static void test_layout(void **state)
{
	struct stroke s;

	(void)state;
	keys_close();
	assert_int_equal(keys_open("de(nodeadkeys)"), 0);
	assert_true(keys_symbol('z', &s));
	assert_int_equal(s.code, KEY_Y);
	assert_true(keys_symbol('@', &s));
	assert_int_equal(s.code, KEY_Q);
	assert_true(s.altgr);
	assert_true(keys_symbol('/', &s));
	assert_int_equal(s.code, KEY_7);
	assert_true(s.shift);
	keys_close();
	assert_int_not_equal(keys_open("no-such-layout"), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_keys), T(test_two_viewers), T(test_let_go), T(test_symbols),
		T(test_pointer), T(test_buttons), T(test_full), T(test_no_page),
		T(test_scancodes), T(test_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
