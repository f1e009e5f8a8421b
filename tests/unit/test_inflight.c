// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "unit.h"
#include "xdf_proto.h"

static void fill_and_empty(void **state)
{
	struct xdf_inflight f;
	u16 ids[XDF_MAX_INFLIGHT], id;
	int data[XDF_MAX_INFLIGHT];
	void *got;
	int i;

	xdf_inflight_init(&f);
	for (i = 0; i < XDF_MAX_INFLIGHT; i++)
		assert_int_equal(xdf_inflight_add(&f, 0x15, &data[i], &ids[i]),
				 0);
	assert_int_equal(xdf_inflight_add(&f, 0x15, &data[0], &id), -EBUSY);
	for (i = XDF_MAX_INFLIGHT - 1; i >= 0; i--) {
		assert_int_equal(xdf_inflight_take(&f, ids[i], 0x15, &got), 0);
		assert_ptr_equal(got, &data[i]);
	}
	assert_int_equal(f.used, 0);
}

static void wrong_answers(void **state)
{
	struct xdf_inflight f;
	u16 id, again;
	void *got;
	int x;

	xdf_inflight_init(&f);
	assert_int_equal(xdf_inflight_take(&f, 0, 0, &got), -EPROTO);
	assert_int_equal(xdf_inflight_add(&f, 0x10, &x, &id), 0);
	/* another operation's, another id's, one that comes twice */
	assert_int_equal(xdf_inflight_take(&f, id, 0x11, &got), -EPROTO);
	assert_int_equal(xdf_inflight_take(&f, id + XDF_MAX_INFLIGHT, 0x10, &got),
			 -EPROTO);
	assert_int_equal(xdf_inflight_take(&f, id ^ 1, 0x10, &got), -EPROTO);
	assert_int_equal(xdf_inflight_take(&f, id, 0x10, &got), 0);
	assert_int_equal(xdf_inflight_take(&f, id, 0x10, &got), -EPROTO);
	/* the slot's next use has another id */
	assert_int_equal(xdf_inflight_add(&f, 0x10, &x, &again), 0);
	assert_int_equal(id % XDF_MAX_INFLIGHT, again % XDF_MAX_INFLIGHT);
	assert_int_not_equal(id, again);
	assert_int_equal(xdf_inflight_take(&f, id, 0x10, &got), -EPROTO);
}

static void abandoned(void **state)
{
	struct xdf_inflight f;
	void *got = &f;
	u16 id;
	int x;

	xdf_inflight_init(&f);
	assert_int_equal(xdf_inflight_add(&f, 0x10, &x, &id), 0);
	xdf_inflight_abandon(&f, id);
	assert_int_equal(f.used, 1);
	assert_int_equal(xdf_inflight_take(&f, id, 0x10, &got), 0);
	assert_null(got);
	assert_int_equal(f.used, 0);
}

static void ids_wrap(void **state)
{
	struct xdf_inflight f;
	void *got;
	int i, x;
	u16 id;

	xdf_inflight_init(&f);
	for (i = 0; i < 200000; i++) {
		assert_int_equal(xdf_inflight_add(&f, 0x15, &x, &id), 0);
		assert_int_equal(xdf_inflight_take(&f, id, 0x15, &got), 0);
		assert_ptr_equal(got, &x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fill_and_empty),
		cmocka_unit_test(wrong_answers),
		cmocka_unit_test(abandoned),
		cmocka_unit_test(ids_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
