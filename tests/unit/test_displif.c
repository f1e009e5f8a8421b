// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "unit.h"
#include "xdf_proto.h"

/* Whatever lay there before, no reserved byte may be sent. */
static void dirty(struct displif_req *req)
{
	memset(req, 0xa5, sizeof(*req));
}

static void zero_behind(const struct displif_req *req, size_t args)
{
	size_t i;

	for (i = 0; i < sizeof(req->reserved); i++)
		assert_int_equal(req->reserved[i], 0);
	for (i = args; i < sizeof(req->op.raw); i++)
		assert_int_equal(req->op.raw[i], 0);
}

static void requests(void **state)
{
	const struct displif_dbuf_create create = {
		1, 2, 3, 4, 5, 6, 7, 8,
	};
	const struct displif_fb_attach attach = { 1, 2, 3, 4, 5 };
	struct displif_req req;

	dirty(&req);
	xdf_displif_dbuf_create(&req, &create);
	assert_int_equal(req.operation, DISPLIF_OP_DBUF_CREATE);
	assert_memory_equal(&req.op, &create, 36);
	zero_behind(&req, 36);

	dirty(&req);
	xdf_displif_dbuf_destroy(&req, 0x123456789abcULL);
	assert_int_equal(req.operation, DISPLIF_OP_DBUF_DESTROY);
	assert_int_equal(req.op.dbuf_destroy.dbuf_cookie, 0x123456789abcULL);
	zero_behind(&req, 8);

	dirty(&req);
	xdf_displif_fb_attach(&req, &attach);
	assert_int_equal(req.operation, DISPLIF_OP_FB_ATTACH);
	assert_memory_equal(&req.op, &attach, 28);
	zero_behind(&req, 28);

	dirty(&req);
	xdf_displif_fb_detach(&req, 9);
	assert_int_equal(req.operation, DISPLIF_OP_FB_DETACH);
	assert_int_equal(req.op.fb_detach.fb_cookie, 9);
	zero_behind(&req, 8);

	dirty(&req);
	xdf_displif_set_config(&req, 9, 800, 600, 32);
	assert_int_equal(req.operation, DISPLIF_OP_SET_CONFIG);
	assert_int_equal(req.op.set_config.fb_cookie, 9);
	assert_int_equal(req.op.set_config.x, 0);
	assert_int_equal(req.op.set_config.y, 0);
	assert_int_equal(req.op.set_config.width, 800);
	assert_int_equal(req.op.set_config.height, 600);
	assert_int_equal(req.op.set_config.bpp, 32);
	zero_behind(&req, 28);

	dirty(&req);
	xdf_displif_pg_flip(&req, 9);
	assert_int_equal(req.operation, DISPLIF_OP_PG_FLIP);
	assert_int_equal(req.op.pg_flip.fb_cookie, 9);
	zero_behind(&req, 8);

	dirty(&req);
	xdf_displif_get_edid(&req, 32768, 77);
	assert_int_equal(req.operation, DISPLIF_OP_GET_EDID);
	assert_int_equal(req.op.get_edid.buffer_sz, 32768);
	assert_int_equal(req.op.get_edid.gref_directory, 77);
	zero_behind(&req, 8);
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

static void names(void **state)
{
	int op;

	for (op = 0; op < 256; op++) {
		bool known = op >= DISPLIF_OP_DBUF_CREATE &&
			op <= DISPLIF_OP_GET_EDID;

		assert_int_equal(strcmp(xdf_displif_op_name(op), "unknown"),
				 known ? strcmp(xdf_displif_op_name(op),
						"unknown") : 0);
		if (known)
			assert_string_not_equal(xdf_displif_op_name(op),
						"unknown");
		assert_within(xdf_displif_timeout_ms(op), 1000, 60000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(statuses),
		cmocka_unit_test(passing),
		cmocka_unit_test(shortages),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
