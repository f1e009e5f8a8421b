// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Holds our description of the wire against Xen's public header. */
#include "unit.h"
#include "displif_wire.h"
#include <xenctrl.h>
#include <xen/io/displif.h>

#define SAME_OFFSET(ours, om, theirs, tm) \
	assert_int_equal(offsetof(struct ours, om), offsetof(struct theirs, tm))
#define SAME_SIZE(ours, om, theirs, tm) \
	assert_int_equal(sizeof(((struct ours *)0)->om), \
			 sizeof(((struct theirs *)0)->tm))
#define SAME(ours, om, theirs, tm) do { \
	SAME_OFFSET(ours, om, theirs, tm); \
	SAME_SIZE(ours, om, theirs, tm); \
} while (0)

static void requests(void **state)
{
#define REQ(om, tm) SAME(displif_req, om, xendispl_req, tm)
	assert_int_equal(sizeof(struct displif_req), 64);
	assert_int_equal(sizeof(struct displif_req),
			 sizeof(struct xendispl_req));
	REQ(id, id);
	REQ(operation, operation);
	REQ(reserved, reserved);
	REQ(op.dbuf_create.dbuf_cookie, op.dbuf_create.dbuf_cookie);
	REQ(op.dbuf_create.width, op.dbuf_create.width);
	REQ(op.dbuf_create.height, op.dbuf_create.height);
	REQ(op.dbuf_create.bpp, op.dbuf_create.bpp);
	REQ(op.dbuf_create.buffer_sz, op.dbuf_create.buffer_sz);
	REQ(op.dbuf_create.flags, op.dbuf_create.flags);
	REQ(op.dbuf_create.gref_directory, op.dbuf_create.gref_directory);
	REQ(op.dbuf_create.data_ofs, op.dbuf_create.data_ofs);
	REQ(op.dbuf_destroy.dbuf_cookie, op.dbuf_destroy.dbuf_cookie);
	REQ(op.fb_attach.dbuf_cookie, op.fb_attach.dbuf_cookie);
	REQ(op.fb_attach.fb_cookie, op.fb_attach.fb_cookie);
	REQ(op.fb_attach.width, op.fb_attach.width);
	REQ(op.fb_attach.height, op.fb_attach.height);
	REQ(op.fb_attach.pixel_format, op.fb_attach.pixel_format);
	REQ(op.fb_detach.fb_cookie, op.fb_detach.fb_cookie);
	REQ(op.set_config.fb_cookie, op.set_config.fb_cookie);
	REQ(op.set_config.x, op.set_config.x);
	REQ(op.set_config.y, op.set_config.y);
	REQ(op.set_config.width, op.set_config.width);
	REQ(op.set_config.height, op.set_config.height);
	REQ(op.set_config.bpp, op.set_config.bpp);
	REQ(op.pg_flip.fb_cookie, op.pg_flip.fb_cookie);
	REQ(op.get_edid.buffer_sz, op.get_edid.buffer_sz);
	REQ(op.get_edid.gref_directory, op.get_edid.gref_directory);
}

static void answers(void **state)
{
	assert_int_equal(sizeof(struct displif_resp), 64);
	assert_int_equal(sizeof(struct displif_resp),
			 sizeof(struct xendispl_resp));
	SAME(displif_resp, id, xendispl_resp, id);
	SAME(displif_resp, operation, xendispl_resp, operation);
	SAME(displif_resp, status, xendispl_resp, status);
	SAME(displif_resp, op.get_edid.edid_sz, xendispl_resp,
	     op.get_edid.edid_sz);
	assert_int_equal(sizeof(struct displif_evt), 64);
	assert_int_equal(sizeof(struct displif_evt),
			 sizeof(struct xendispl_evt));
	SAME(displif_evt, id, xendispl_evt, id);
	SAME(displif_evt, type, xendispl_evt, type);
	SAME(displif_evt, op.pg_flip.fb_cookie, xendispl_evt,
	     op.pg_flip.fb_cookie);
}

static void pages(void **state)
{
	SAME(displif_evt_page, in_cons, xendispl_event_page, in_cons);
	SAME(displif_evt_page, in_prod, xendispl_event_page, in_prod);
	assert_int_equal(sizeof(struct displif_evt_page),
			 XENDISPL_IN_RING_OFFS);
	assert_int_equal(DISPLIF_EVT_SLOTS, XENDISPL_IN_RING_LEN);
	SAME_OFFSET(displif_page_directory, gref_dir_next_page,
		    xendispl_page_directory, gref_dir_next_page);
	SAME_OFFSET(displif_page_directory, gref,
		    xendispl_page_directory, gref);
	assert_int_equal(DISPLIF_REFS_PER_DIR, 1023);
}

static void constants(void **state)
{
	assert_int_equal(DISPLIF_OP_DBUF_CREATE, XENDISPL_OP_DBUF_CREATE);
	assert_int_equal(DISPLIF_OP_DBUF_DESTROY, XENDISPL_OP_DBUF_DESTROY);
	assert_int_equal(DISPLIF_OP_FB_ATTACH, XENDISPL_OP_FB_ATTACH);
	assert_int_equal(DISPLIF_OP_FB_DETACH, XENDISPL_OP_FB_DETACH);
	assert_int_equal(DISPLIF_OP_SET_CONFIG, XENDISPL_OP_SET_CONFIG);
	assert_int_equal(DISPLIF_OP_PG_FLIP, XENDISPL_OP_PG_FLIP);
	assert_int_equal(DISPLIF_OP_GET_EDID, XENDISPL_OP_GET_EDID);
	assert_int_equal(DISPLIF_EVT_PG_FLIP, XENDISPL_EVT_PG_FLIP);
	assert_int_equal(DISPLIF_DBUF_FLG_REQ_ALLOC,
			 XENDISPL_DBUF_FLG_REQ_ALLOC);
	assert_int_equal(DISPLIF_VERSION_MAX, XENDISPL_PROTOCOL_VERSION_INT);
	assert_int_equal(DISPLIF_EDID_BLOCK, XENDISPL_EDID_BLOCK_SIZE);
	assert_int_equal(DISPLIF_EDID_MAX, XENDISPL_EDID_MAX_SIZE);
	assert_string_equal(DISPLIF_XENBUS_TYPE, XENDISPL_DRIVER_NAME);
	assert_string_equal(DISPLIF_NODE_BE_VERSIONS,
			    XENDISPL_FIELD_BE_VERSIONS);
	assert_string_equal(DISPLIF_NODE_FE_VERSION, XENDISPL_FIELD_FE_VERSION);
	assert_string_equal(DISPLIF_NODE_REQ_RING, XENDISPL_FIELD_REQ_RING_REF);
	assert_string_equal(DISPLIF_NODE_REQ_CHANNEL,
			    XENDISPL_FIELD_REQ_CHANNEL);
	assert_string_equal(DISPLIF_NODE_EVT_RING, XENDISPL_FIELD_EVT_RING_REF);
	assert_string_equal(DISPLIF_NODE_EVT_CHANNEL,
			    XENDISPL_FIELD_EVT_CHANNEL);
	assert_string_equal(DISPLIF_NODE_RESOLUTION, XENDISPL_FIELD_RESOLUTION);
	assert_string_equal(DISPLIF_NODE_BE_ALLOC, XENDISPL_FIELD_BE_ALLOC);
	assert_string_equal(DISPLIF_NODE_UNIQUE_ID, XENDISPL_FIELD_UNIQUE_ID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(answers),
		cmocka_unit_test(pages),
		cmocka_unit_test(constants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
