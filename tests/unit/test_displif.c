// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "unit.h"
#include "xdf_proto.h"

/* Whatever lay there before, no reserved byte may be sent. */
static void requests(void **state)
{
	struct displif_req req;
	unsigned int op;
	size_t i;

	for (op = DISPLIF_OP_DBUF_CREATE; op <= DISPLIF_OP_GET_EDID; op++) {
		memset(&req, 0xa5, sizeof(req));
		xdf_displif_start(&req, op);
		assert_int_equal(req.operation, op);
		req.operation = 0;
		for (i = 0; i < sizeof(req); i++)
			assert_int_equal(((uint8_t *)&req)[i], 0);
	}
}

static void statuses(void **state)
{
	assert_int_equal(xdf_displif_errno(0), 0);
	assert_int_equal(xdf_displif_errno(-EINVAL), -EINVAL);
	assert_int_equal(xdf_displif_errno(-EBUSY), -EBUSY);
	assert_int_equal(xdf_displif_errno(-ENOMEM), -ENOMEM);
	/* what only the kernel may say to itself, and what is no error */
	assert_int_equal(xdf_displif_errno(-512), -EIO);
	assert_int_equal(xdf_displif_errno(-EINPROGRESS), -EIO);
	assert_int_equal(xdf_displif_errno(-ETIMEDOUT), -EIO);
	/* what ends requests of a link that is lost is no backend's to say */
	assert_int_equal(xdf_displif_errno(-ENODEV), -EIO);
	assert_int_equal(xdf_displif_errno(1), -EIO);
	assert_int_equal(xdf_displif_errno(INT32_MAX), -EIO);
	assert_int_equal(xdf_displif_errno(INT32_MIN), -EIO);
	assert_int_equal(xdf_displif_errno(-4096), -EIO);
}

/* Asked again is what may be answered otherwise later; errors of our own are given here, too. */
static void passing(void **state)
{
	assert_true(xdf_displif_may_pass(-EACCES));
	assert_true(xdf_displif_may_pass(-EPERM));
	assert_true(xdf_displif_may_pass(-EAGAIN));
	assert_true(xdf_displif_may_pass(-EBUSY));
	assert_true(xdf_displif_may_pass(-ENOMEM));
	assert_true(xdf_displif_may_pass(-ENOSPC));
	/* which any error that a backend should not send has become */
	assert_true(xdf_displif_may_pass(-EIO));
	assert_false(xdf_displif_may_pass(-EINVAL));
	assert_false(xdf_displif_may_pass(-ENOSYS));
	assert_false(xdf_displif_may_pass(-EOPNOTSUPP));
	assert_false(xdf_displif_may_pass(-EEXIST));
	assert_false(xdf_displif_may_pass(-ENOENT));
}

/* It says nothing of what a backend can do; all that may pass for it. */
static void shortages(void **state)
{
	int error, count = 0;

	for (error = -4096; error <= 0; error++) {
		if (!xdf_displif_is_shortage(error))
			continue;
		assert_true(xdf_displif_may_pass(error));
		count++;
	}
	assert_int_equal(count, 4);
	assert_true(xdf_displif_is_shortage(-ENOMEM));
	assert_true(xdf_displif_is_shortage(-ENOSPC));
	assert_true(xdf_displif_is_shortage(-EAGAIN));
	assert_true(xdf_displif_is_shortage(-EBUSY));
}

static void deadlines(void **state)
{
	int op;

	for (op = 0; op < 256; op++)
		assert_within(xdf_displif_timeout_ms(op), 1000, 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(statuses),
		cmocka_unit_test(passing),
		cmocka_unit_test(shortages),
		cmocka_unit_test(deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
