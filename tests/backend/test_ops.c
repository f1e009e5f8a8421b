// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A frontend of a few lines against the real rings, operations and checks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

#define XR24	FOURCC('X', 'R', '2', '4')
#define CONNS	2

/* Pages of the fake guest: rings first, then directories, then buffers. */
#define REF_RING(n)	(1 + 2 * (n))
#define REF_EVT(n)	(2 + 2 * (n))
#define REF_DIR		20
#define REF_DATA	100

static struct dev dev;
static struct conn conn[CONNS];
static struct xdf_front_ring front[CONNS];
static struct displif_resp last;

static const struct options defaults = {
	.refresh = 60, .log_requests = true, .versions = "1,2", .version_max = 2,
	.max_bytes = 1 << 30,
};

static int setup(void **state)
{
	const char *why;
	int i;

	(void)state;
	fake_reset();
	fake_failed = NULL;
	violations_clear();
	opt = defaults;
	memset(&faults, 0, sizeof(faults));
	faults.at_once = true;
	hooks = &fault_hooks;
	memset(&dev, 0, sizeof(dev));
	memset(conn, 0, sizeof(conn));
	dev.domid = 5;
	dev.conns = &conn[0];
	dev.bound = true;
	devs = &dev;
	for (i = 0; i < CONNS; i++) {
		struct xdf_sring *s = fake_page(REF_RING(i));

		SHARED_RING_INIT(s);
		FRONT_RING_INIT(&front[i], s, DISPLIF_PAGE_SIZE);
		conn[i].dev = &dev;
		conn[i].index = i;
		conn[i].next = i + 1 < CONNS ? &conn[i + 1] : NULL;
		assert_int_equal(conn_bind(&conn[i], REF_RING(i), 10 + i,
					   REF_EVT(i), 20 + i, &why), 0);
	}
	return 0;
}

static int teardown(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < CONNS; i++)
		conn_unbind(&conn[i]);
	dev_drop_objects(&dev);
	/* every test: nothing of the guest stays mapped */
	assert_int_equal(fake_mapped, 0);
	assert_int_equal(dev.bytes, 0);
	violations_clear();
	return 0;
}

static bool violated(const char *what)
{
	char *text = NULL, want[64];
	size_t len;
	FILE *f = open_memstream(&text, &len);
	bool found;

	violations_print(f);
	fclose(f);
	snprintf(want, sizeof(want), "what=%s ", what);
	found = strstr(text, want);
	free(text);
	return found;
}

static void clean(void)
{
	if (violations_count()) {
		violations_print(stdout);
		fail_msg("%d violations", (int)violations_count());
	}
}

static void push(int n, const struct displif_req *req)
{
	int notify;

	*RING_GET_REQUEST(&front[n], front[n].req_prod_pvt) = *req;
	front[n].req_prod_pvt++;
	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front[n], notify);
	(void)notify;
}

static bool pop(int n)
{
	if (!RING_HAS_UNCONSUMED_RESPONSES(&front[n]))
		return false;
	last = *RING_GET_RESPONSE(&front[n], front[n].rsp_cons);
	front[n].rsp_cons++;
	return true;
}

static int ask(int n, const struct displif_req *req)
{
	static uint16_t id;
	struct displif_req r = *req;

	r.id = ++id;
	push(n, &r);
	ring_work(&conn[n]);
	if (!pop(n))
		return 1;
	assert_int_equal(last.id, r.id);
	assert_int_equal(last.operation, r.operation);
	assert_int_equal(last.reserved, 0);
	return last.status;
}

/* A directory chain from REF_DIR on for n pages from REF_DATA on. */
static void directory(unsigned int n)
{
	struct displif_page_directory *d;
	unsigned int i, dir = REF_DIR;

	for (i = 0; i < n; i++) {
		d = fake_page(dir + i / DISPLIF_REFS_PER_DIR);
		d->gref[i % DISPLIF_REFS_PER_DIR] = REF_DATA + i;
		d->gref_dir_next_page = 0;
		if (i && i % DISPLIF_REFS_PER_DIR == 0) {
			d = fake_page(dir + i / DISPLIF_REFS_PER_DIR - 1);
			d->gref_dir_next_page = dir + i / DISPLIF_REFS_PER_DIR;
		}
	}
}

static struct displif_req create_req(uint64_t cookie, uint32_t w, uint32_t h)
{
	struct displif_req r = { .operation = DISPLIF_OP_DBUF_CREATE };

	r.op.dbuf_create.dbuf_cookie = cookie;
	r.op.dbuf_create.width = w;
	r.op.dbuf_create.height = h;
	r.op.dbuf_create.bpp = 32;
	r.op.dbuf_create.buffer_sz = w * h * 4;
	r.op.dbuf_create.gref_directory = REF_DIR;
	return r;
}

static int create(uint64_t cookie, uint32_t w, uint32_t h)
{
	struct displif_req r = create_req(cookie, w, h);

	directory((w * h * 4 + 4095) / 4096);
	return ask(0, &r);
}

static int destroy(uint64_t cookie)
{
	struct displif_req r = { .operation = DISPLIF_OP_DBUF_DESTROY };

	r.op.dbuf_destroy.dbuf_cookie = cookie;
	return ask(0, &r);
}

static int attach(uint64_t dbuf, uint64_t fb, uint32_t w, uint32_t h)
{
	struct displif_req r = { .operation = DISPLIF_OP_FB_ATTACH };

	r.op.fb_attach.dbuf_cookie = dbuf;
	r.op.fb_attach.fb_cookie = fb;
	r.op.fb_attach.width = w;
	r.op.fb_attach.height = h;
	r.op.fb_attach.pixel_format = XR24;
	return ask(0, &r);
}

static int detach(uint64_t fb)
{
	struct displif_req r = { .operation = DISPLIF_OP_FB_DETACH };

	r.op.fb_detach.fb_cookie = fb;
	return ask(0, &r);
}

static int config(int n, uint64_t fb, uint32_t w, uint32_t h)
{
	struct displif_req r = { .operation = DISPLIF_OP_SET_CONFIG };

	r.op.set_config.fb_cookie = fb;
	r.op.set_config.width = w;
	r.op.set_config.height = h;
	r.op.set_config.bpp = fb ? 32 : 0;
	return ask(n, &r);
}

static int flip(int n, uint64_t fb)
{
	struct displif_req r = { .operation = DISPLIF_OP_PG_FLIP };

	r.op.pg_flip.fb_cookie = fb;
	return ask(n, &r);
}

static struct displif_evt_page *evt(int n)
{
	return fake_page(REF_EVT(n));
}

static uint64_t evt_cookie(int n)
{
	struct displif_evt_page *p = evt(n);

	assert_int_not_equal(p->in_cons, p->in_prod);
	return p->slot[p->in_cons++ % DISPLIF_EVT_SLOTS].op.pg_flip.fb_cookie;
}

static void test_life(void **state)
{
	uint32_t *px = fake_page(REF_DATA), *shown;

	(void)state;
	assert_int_equal(create(1, 64, 32), 0);
	assert_int_equal(attach(1, 11, 60, 30), 0);
	px[0] = 0x123456;
	px[64 * 29 + 59] = 0x654321;
	assert_int_equal(config(0, 11, 60, 30), 0);
	assert_int_equal(copies_shown(&conn[0])->pitch, 256);
	shown = (uint32_t *)copies_shown(&conn[0])->data;
	assert_int_equal(shown[0], 0x123456);
	assert_int_equal(shown[64 * 29 + 59], 0x654321);
	/* drawing shows at the next flip only */
	px[0] = 7;
	assert_int_equal(shown[0], 0x123456);
	assert_int_equal(flip(0, 11), 0);
	assert_int_equal(evt_cookie(0), 11);
	shown = (uint32_t *)copies_shown(&conn[0])->data;
	assert_int_equal(shown[0], 7);
	assert_int_equal(config(0, 0, 0, 0), 0);
	assert_false(conn[0].on);
	assert_int_equal(detach(11), 0);
	assert_int_equal(destroy(1), 0);
	clean();
}

/* More than one directory page and more than one mapping call. */
static void test_large(void **state)
{
	const uint32_t w = 1024, h = 1200, last_px = w * h - 1;
	uint32_t *px;

	(void)state;
	assert_int_equal(create(1, w, h), 0);
	assert_int_equal(attach(1, 2, w, h), 0);
	px = fake_page(REF_DATA);
	px[last_px] = 0xabcdef;
	px[1023 * 1024] = 0x1023;	/* first of the second directory page */
	px[1024 * 1024 - 1] = 0x1024;	/* last of the first mapping call */
	assert_int_equal(config(0, 2, w, h), 0);
	px = (uint32_t *)copies_shown(&conn[0])->data;
	assert_int_equal(px[last_px], 0xabcdef);
	assert_int_equal(px[1023 * 1024], 0x1023);
	assert_int_equal(px[1024 * 1024 - 1], 0x1024);
	clean();
}

static void test_directory(void **state)
{
	struct displif_page_directory *d = fake_page(REF_DIR);
	struct displif_req r = create_req(1, 1024, 512);	/* 512 pages */

	(void)state;
	directory(512);
	d->gref_dir_next_page = REF_DIR + 1;
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("directory-long"));
	d->gref_dir_next_page = 0;
	d->gref[100] = 0;
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("grant-zero"));
	d->gref[100] = d->gref[101];
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("grant-twice"));
	d->gref[100] = FAKE_PAGES;
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("grant-map"));
	d->gref[100] = REF_DATA + 100;
	assert_int_equal(ask(0, &r), 0);
	/* 1200 pages with one directory page */
	r = create_req(2, 1024, 1200);
	directory(1023);
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("directory-short"));
	/* a chain that bites its tail ends where the size says */
	d->gref_dir_next_page = REF_DIR;
	assert_int_equal(ask(0, &r), -EINVAL);
	r.op.dbuf_create.gref_directory = FAKE_PAGES + 1;
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("directory-map"));
}

/* What a host cannot do is no violation, and passes. */
static void test_limits(void **state)
{
	(void)state;
	faults.max_buffers = 2;
	assert_int_equal(create(1, 8, 8), 0);
	assert_int_equal(create(2, 8, 8), 0);
	assert_int_equal(create(3, 8, 8), -ENOMEM);
	assert_int_equal(destroy(2), 0);
	assert_int_equal(create(3, 8, 8), 0);
	assert_int_equal(attach(1, 11, 8, 8), 0);
	strcpy(faults.modes, "6x8,7x8");
	assert_int_equal(config(0, 11, 8, 8), -EINVAL);
	assert_false(conn[0].on);
	assert_int_equal(config(0, 11, 7, 8), 0);
	assert_true(conn[0].on);
	faults.modes[0] = '\0';
	assert_int_equal(config(0, 11, 8, 8), 0);
	clean();
}

/* A guest that wants more memory than it may have loses that buffer, and no other. */
static void test_memory(void **state)
{
	(void)state;
	opt.max_bytes = 2 * 8 * 8 * 4;
	assert_int_equal(create(1, 8, 8), 0);
	assert_int_equal(create(2, 8, 8), 0);
	assert_int_equal(create(3, 1, 1), -ENOMEM);
	assert_int_equal(create(3, 100, 100), -ENOMEM);
	assert_int_equal(attach(1, 11, 8, 8), 0);
	assert_int_equal(config(0, 11, 8, 8), 0);
	assert_int_equal(destroy(2), 0);
	assert_int_equal(create(3, 1, 1), 0);
	clean();
}

static void test_cookies(void **state)
{
	(void)state;
	assert_int_equal(create(0, 8, 8), -EINVAL);
	assert_true(violated("cookie-zero"));
	assert_int_equal(create(1, 8, 8), 0);
	assert_int_equal(create(1, 8, 8), -EEXIST);
	assert_true(violated("dbuf-exists"));
	assert_int_equal(attach(2, 1, 8, 8), -ENOENT);
	assert_true(violated("dbuf-unknown"));
	assert_int_equal(attach(1, 1, 8, 8), 0);
	assert_int_equal(attach(1, 1, 8, 8), -EEXIST);
	assert_true(violated("fb-exists"));
	assert_int_equal(attach(1, 2, 9, 8), -EINVAL);
	assert_true(violated("fb-larger-than-dbuf"));
	violations_clear();
	assert_int_equal(detach(3), -ENOENT);
	assert_true(violated("fb-unknown"));
	violations_clear();
	assert_int_equal(destroy(3), -ENOENT);
	assert_true(violated("dbuf-unknown"));
}

static void test_release_order(void **state)
{
	(void)state;
	assert_int_equal(create(1, 8, 8), 0);
	assert_int_equal(attach(1, 11, 8, 8), 0);
	assert_int_equal(config(0, 11, 8, 8), 0);
	clean();
	assert_int_equal(detach(11), 0);
	assert_true(violated("detach-on-show"));
	violations_clear();
	assert_int_equal(flip(0, 11), -ENOENT);
	assert_true(violated("fb-unknown"));
	assert_int_equal(attach(1, 12, 8, 8), 0);
	violations_clear();
	assert_int_equal(destroy(1), 0);
	assert_true(violated("destroy-before-detach"));
	assert_int_equal(flip(0, 12), -EINVAL);
	assert_true(violated("fb-orphan"));
	assert_int_equal(detach(12), 0);
}

static void test_flips(void **state)
{
	(void)state;
	faults.at_once = false;
	assert_int_equal(create(1, 8, 8), 0);
	assert_int_equal(attach(1, 11, 8, 8), 0);
	assert_int_equal(attach(1, 12, 8, 8), 0);
	assert_int_equal(attach(1, 13, 8, 4), 0);
	clean();
	assert_int_equal(flip(0, 11), -EINVAL);
	assert_true(violated("flip-off"));
	violations_clear();
	assert_int_equal(config(0, 11, 8, 8), 0);
	assert_int_equal(flip(0, 12), 0);
	/* not on show before its tick */
	assert_int_equal(conn[0].shown, 11);
	assert_int_equal(evt(0)->in_prod, evt(0)->in_cons);
	clean();
	assert_int_equal(flip(0, 11), -EBUSY);
	assert_true(violated("flip-in-flight"));
	violations_clear();
	assert_int_equal(detach(11), 0);
	assert_true(violated("detach-on-show"));
	violations_clear();
	ring_time(conn[0].flip_due - 1);
	assert_true(conn[0].flipping);
	ring_time(conn[0].flip_due);
	assert_int_equal(evt_cookie(0), 12);
	assert_int_equal(conn[0].shown, 12);
	clean();
	assert_int_equal(flip(0, 13), -EINVAL);
	assert_true(violated("flip-size"));
	violations_clear();
	assert_int_equal(flip(0, 12), 0);
	assert_int_equal(detach(12), 0);
	assert_true(violated("detach-in-flight"));
}

static void test_connectors(void **state)
{
	(void)state;
	assert_int_equal(create(1, 8, 8), 0);
	assert_int_equal(attach(1, 11, 8, 8), 0);
	assert_int_equal(config(1, 11, 8, 8), 0);
	assert_false(conn[0].on);
	assert_int_equal(flip(1, 11), 0);
	assert_int_equal(evt_cookie(1), 11);
	assert_int_equal(evt(0)->in_prod, evt(0)->in_cons);
	clean();
	ask(1, &(struct displif_req){ .operation = DISPLIF_OP_FB_DETACH,
				      .op.fb_detach.fb_cookie = 11 });
	assert_true(violated("wrong-ring"));
	assert_true(violated("detach-on-show"));
}

static int attach_as(uint64_t dbuf, uint64_t fb, uint32_t fourcc)
{
	struct displif_req r = { .operation = DISPLIF_OP_FB_ATTACH };

	r.op.fb_attach.dbuf_cookie = dbuf;
	r.op.fb_attach.fb_cookie = fb;
	r.op.fb_attach.width = 8;
	r.op.fb_attach.height = 8;
	r.op.fb_attach.pixel_format = fourcc;
	return ask(0, &r);
}

/* A host that cannot do everything: no fault of the frontend's. */
static void test_few_formats(void **state)
{
	const uint32_t xr24 = FOURCC('X', 'R', '2', '4');
	const uint32_t xb24 = FOURCC('X', 'B', '2', '4');
	const uint32_t ar24 = FOURCC('A', 'R', '2', '4');

	(void)state;
	assert_int_equal(create(1, 8, 8), 0);
	faults.formats[0] = xr24;
	faults.formats[1] = xb24;
	faults.nformats = 2;
	assert_int_equal(attach_as(1, 11, ar24), -EINVAL);
	assert_int_equal(attach_as(1, 11, xr24), 0);
	assert_int_equal(attach_as(1, 12, xb24), 0);
	faults.nformats = 0;
	assert_int_equal(attach_as(1, 13, ar24), 0);
	clean();
}

static void test_no_alloc(void **state)
{
	struct displif_req r = create_req(1, 8, 8);

	(void)state;
	dev.be_alloc = true;
	directory(1);
	faults.no_alloc = true;
	r.op.dbuf_create.flags = DISPLIF_DBUF_FLG_REQ_ALLOC;
	assert_int_equal(ask(0, &r), -EINVAL);
	r.op.dbuf_create.flags = 0;
	assert_int_equal(ask(0, &r), 0);
	faults.no_alloc = false;
	r.op.dbuf_create.dbuf_cookie = 2;
	r.op.dbuf_create.flags = DISPLIF_DBUF_FLG_REQ_ALLOC;
	assert_int_equal(ask(0, &r), 0);
	clean();
}

static void test_protocol(void **state)
{
	struct displif_req r = create_req(1, 8, 8);

	(void)state;
	directory(1);
	r.op.raw[55] = 1;
	assert_int_equal(ask(0, &r), 0);
	assert_true(violated("reserved"));
	r = (struct displif_req){ .operation = 0x99 };
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("unknown-op"));
	r = create_req(2, 8, 8);
	r.op.dbuf_create.flags = DISPLIF_DBUF_FLG_REQ_ALLOC;
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("req-alloc"));
	violations_clear();
	dev.be_alloc = true;
	r.op.dbuf_create.dbuf_cookie = 20;
	directory(1);
	((struct displif_page_directory *)fake_page(REF_DIR))->gref[0] = 0;
	assert_int_equal(ask(0, &r), 0);
	assert_int_equal(((struct displif_page_directory *)fake_page(REF_DIR))->gref[0],
			 FAKE_PAGES - 1);
	/* more directory than the buffer needs, and less */
	r.op.dbuf_create.dbuf_cookie = 21;
	((struct displif_page_directory *)fake_page(REF_DIR))->gref_dir_next_page = 5;
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("directory-long"));
	violations_clear();
	r.op.dbuf_create.gref_directory = 0;
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("directory-short"));
	violations_clear();
	r.op.dbuf_create.dbuf_cookie = 2;
	directory(1);
	r.op.dbuf_create.gref_directory = REF_DIR;
	clean();
	r.op.dbuf_create.flags = 2;
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("flags"));
	r = create_req(2, 8, 8);
	r.op.dbuf_create.buffer_sz--;
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("dbuf-size"));
	violations_clear();
	assert_int_equal(create(3, 8, 8), 0);
	assert_int_equal(attach(3, 3, 8, 8), 0);
	assert_int_equal(config(0, 3, 9, 8), -EINVAL);
	assert_true(violated("config-size"));
	violations_clear();
	/* x + width is 4 in 32 bits */
	r = (struct displif_req){ .operation = DISPLIF_OP_SET_CONFIG };
	r.op.set_config.fb_cookie = 3;
	r.op.set_config.x = UINT32_MAX - 3;
	r.op.set_config.width = 8;
	r.op.set_config.height = 8;
	r.op.set_config.bpp = 32;
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("config-size"));
}

static void test_version(void **state)
{
	static const uint8_t data[] = "an EDID of its own";
	char file[] = "/tmp/edidXXXXXX";
	const char *why;
	int fd = mkstemp(file);
	struct displif_req r = { .operation = DISPLIF_OP_GET_EDID };

	(void)state;
	directory(1);
	r.op.get_edid.buffer_sz = 128;
	r.op.get_edid.gref_directory = REF_DIR;
	assert_int_equal(ask(1, &r), -EINVAL);
	clean();
	assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	close(fd);
	assert_int_equal(copies_edid("all", file, &why), 0);
	unlink(file);
	assert_int_equal(ask(1, &r), 0);
	assert_int_equal(last.op.get_edid.edid_sz, sizeof(data));
	assert_memory_equal(fake_page(REF_DATA), data, sizeof(data));
	r.op.get_edid.buffer_sz = sizeof(data) - 1;
	assert_int_equal(ask(1, &r), -EINVAL);
	clean();
	r.op.get_edid.buffer_sz = UINT32_MAX;
	assert_int_equal(ask(1, &r), -EINVAL);
	assert_true(violated("edid-size"));
	copies_free();
	violations_clear();
	r = create_req(1, 8, 8);
	r.op.dbuf_create.data_ofs = 16;
	r.op.dbuf_create.buffer_sz += 16;
	assert_int_equal(ask(0, &r), 0);
	clean();
	dev.version = 1;
	r.op.dbuf_create.dbuf_cookie = 2;
	assert_int_equal(ask(0, &r), -EINVAL);
	assert_true(violated("version"));
}

static void test_data_offset(void **state)
{
	struct displif_req r = create_req(1, 8, 8);
	uint8_t *bytes = fake_page(REF_DATA);

	(void)state;
	directory(1);
	r.op.dbuf_create.data_ofs = 100;
	r.op.dbuf_create.buffer_sz += 100;
	bytes[99] = 0x77;
	bytes[100] = 0x12;
	bytes[100 + 255] = 0x34;
	assert_int_equal(ask(0, &r), 0);
	assert_int_equal(attach(1, 11, 8, 8), 0);
	assert_int_equal(config(0, 11, 8, 8), 0);
	assert_int_equal(copies_shown(&conn[0])->data[0], 0x12);
	assert_int_equal(copies_shown(&conn[0])->data[255], 0x34);
	clean();
}

/* An offset, and a copy that goes on in the next mapping call's pages. */
static void test_large_offset(void **state)
{
	struct displif_req r = create_req(1, 1024, 1100);
	const uint32_t ofs = 3 * 4096 + 100, cut = 1024 * 4096 - ofs;
	uint8_t *bytes = fake_page(REF_DATA);

	(void)state;
	directory(1104);
	r.op.dbuf_create.data_ofs = ofs;
	r.op.dbuf_create.buffer_sz += ofs;
	memset(bytes + ofs, 0x55, 1100 * 4096);
	assert_int_equal(ask(0, &r), 0);
	assert_int_equal(attach(1, 11, 1024, 1100), 0);
	assert_int_equal(config(0, 11, 1024, 1100), 0);
	assert_int_equal(copies_shown(&conn[0])->data[0], 0x55);
	assert_memory_equal(copies_shown(&conn[0])->data + cut - 64, bytes + ofs + 64,
			    128);
	assert_int_equal(copies_shown(&conn[0])->data[1100 * 4096 - 1], 0x55);
	clean();
}

static void test_events_full(void **state)
{
	unsigned int i;

	(void)state;
	assert_int_equal(DISPLIF_EVT_SLOTS, 63);
	assert_int_equal(create(1, 8, 8), 0);
	assert_int_equal(attach(1, 11, 8, 8), 0);
	assert_int_equal(config(0, 11, 8, 8), 0);
	for (i = 0; i < 70; i++)
		assert_int_equal(flip(0, 11), 0);
	assert_int_equal(evt(0)->in_prod, 63);
	assert_int_equal(conn[0].st.events, 63);
	assert_int_equal(conn[0].st.dropped, 7);
	clean();
	evt(0)->in_cons = 60;
	assert_int_equal(flip(0, 11), 0);
	assert_int_equal(evt(0)->in_prod, 64);
	/* dropped events count in the id */
	assert_int_equal(evt(0)->slot[63 % DISPLIF_EVT_SLOTS].id, 70);
	evt(0)->in_cons = 65;
	assert_int_equal(flip(0, 11), 0);
	assert_true(violated("event-index"));
	evt(0)->in_cons = 64;
	faults.drop_events = 2;
	for (i = 0; i < 10; i++)
		assert_int_equal(flip(0, 11), 0);
	assert_int_equal(evt(0)->in_prod, 69);
}

static void test_overrun(void **state)
{
	struct xdf_sring *s = fake_page(REF_RING(0));

	(void)state;
	s->req_prod = 33;
	ring_work(&conn[0]);
	assert_true(violated("request-index"));
	assert_non_null(fake_failed);
	assert_false(conn[0].bound);
}

static void test_full_ring(void **state)
{
	struct displif_req r = { .operation = DISPLIF_OP_FB_DETACH };
	int i;

	(void)state;
	r.op.fb_detach.fb_cookie = 5;
	for (i = 0; i < 32; i++) {
		r.id = i;
		push(0, &r);
	}
	ring_work(&conn[0]);
	for (i = 0; i < 32; i++) {
		assert_true(pop(0));
		assert_int_equal(last.id, i);
	}
	assert_false(pop(0));
	assert_false(violated("request-index"));
}

/* --hang must not let a frontend have more than a ring of requests. */
static void test_hang(void **state)
{
	struct displif_req r = { .operation = DISPLIF_OP_FB_DETACH };
	int i;

	(void)state;
	faults.hang[op_by_name("FB_DETACH")] = true;
	for (i = 0; i < 32; i++) {
		push(0, &r);
		ring_work(&conn[0]);
	}
	assert_false(pop(0));
	clean();
	push(0, &r);
	ring_work(&conn[0]);
	assert_true(violated("request-index"));
}

static void test_misbehave(void **state)
{
	struct displif_req r = { .id = 9, .operation = DISPLIF_OP_PG_FLIP };

	(void)state;
	assert_int_equal(create(1, 8, 8), 0);
	assert_int_equal(attach(1, 11, 8, 8), 0);
	assert_int_equal(config(0, 11, 8, 8), 0);
	faults.reject_on[5] = true;
	faults.reject[5] = -ENOMEM;
	faults.reject_left[5] = 1;
	assert_int_equal(flip(0, 11), -ENOMEM);
	assert_int_equal(flip(0, 11), 0);
	evt(0)->in_cons = evt(0)->in_prod;
	r.op.pg_flip.fb_cookie = 11;
	faults.dup[5] = true;
	faults.bad_id[5] = true;
	push(0, &r);
	ring_work(&conn[0]);
	assert_true(pop(0));
	assert_int_not_equal(last.id, 9);
	front[0].sring->rsp_prod = conn[0].ring.rsp_prod_pvt;
	assert_int_equal(conn[0].ring.rsp_prod_pvt, front[0].rsp_cons + 1);
	faults.dup[5] = false;
	faults.bad_id[5] = false;
	evt(0)->in_cons = evt(0)->in_prod;
	faults.evt_rubbish = 1;
	front[0].rsp_cons++;
	front[0].req_prod_pvt = front[0].sring->req_prod;
	r.id = 10;
	push(0, &r);
	ring_work(&conn[0]);
	assert_int_equal(evt(0)->in_prod - evt(0)->in_cons, 5);
	clean();
}

static void test_delay(void **state)
{
	struct displif_req r = { .operation = DISPLIF_OP_FB_DETACH };

	(void)state;
	faults.delay_ms[op_by_name("FB_DETACH")] = 1000000;
	push(0, &r);
	push(0, &r);
	ring_work(&conn[0]);
	assert_false(pop(0));
	ring_time(conn[0].held_due - 1);
	assert_false(pop(0));
	assert_int_equal(ring_next_due(), conn[0].held_due);
	ring_time(conn[0].held_due);
	assert_true(pop(0));
	assert_false(pop(0));
	assert_true(conn[0].held);
}

static uint32_t some(uint32_t n)
{
	static const uint32_t odd[] = {
		0, 1, 2, 3, 8, 64, 4095, 4096, 65536, 0x7fffffff, 0x80000000,
		0xffffffff,
	};

	if (rand() % 4)
		return rand() % n;
	return odd[rand() % (sizeof(odd) / sizeof(odd[0]))];
}

/* Whatever a guest sends, and wherever it scribbles: no crash, no leak. */
static void test_rubbish(void **state)
{
	struct displif_page_directory *d;
	struct displif_req r;
	int i, j, n;

	faults.at_once = false;
	srand(1);
	for (i = 0; i < 40000; i++) {
		memset(&r, 0, sizeof(r));
		r.id = rand();
		r.operation = BE_OP_FIRST - 1 + rand() % (BE_OPS + 2);
		r.op.dbuf_create.dbuf_cookie = rand() % 20;
		if (r.operation == DISPLIF_OP_DBUF_CREATE) {
			r.op.dbuf_create.width = some(70);
			r.op.dbuf_create.height = some(70);
			r.op.dbuf_create.bpp = rand() % 8 ? 32 : some(40);
			r.op.dbuf_create.buffer_sz = some(60000);
			r.op.dbuf_create.flags = rand() % 16 ? 0 : some(4);
			r.op.dbuf_create.gref_directory =
				rand() % 8 ? REF_DIR : some(FAKE_PAGES);
			r.op.dbuf_create.data_ofs = rand() % 4 ? 0 : some(99);
		} else if (r.operation == DISPLIF_OP_FB_ATTACH) {
			r.op.fb_attach.fb_cookie = rand() % 20;
			r.op.fb_attach.width = some(70);
			r.op.fb_attach.height = some(70);
			r.op.fb_attach.pixel_format = rand() % 8 ? XR24 :
				FOURCC('R', 'G', '1', '6');
		} else if (r.operation == DISPLIF_OP_SET_CONFIG) {
			r.op.set_config.width = some(70);
			r.op.set_config.height = some(70);
			r.op.set_config.x = rand() % 4 ? 0 : some(9);
			r.op.set_config.y = rand() % 4 ? 0 : some(9);
			r.op.set_config.bpp = 32;
		} else if (r.operation == DISPLIF_OP_GET_EDID) {
			r.op.get_edid.buffer_sz = some(9000);
			r.op.get_edid.gref_directory = REF_DIR;
		}
		if (rand() % 50 == 0)
			for (j = 0; j < 56; j++)
				r.op.raw[j] = rand();
		if (rand() % 3 == 0)
			directory(20);
		d = fake_page(REF_DIR);
		if (rand() % 20 == 0)
			d->gref[rand() % 20] = some(FAKE_PAGES);
		n = rand() % CONNS;
		push(n, &r);
		if (rand() % 2000 == 0)
			front[n].sring->req_prod = rand();
		if (rand() % 500 == 0)
			evt(n)->in_cons = rand();
		else if (rand() % 3 == 0)
			evt(n)->in_cons = evt(n)->in_prod;
		ring_work(&conn[n]);
		if (rand() % 2)
			ring_time(UINT64_MAX);
		while (pop(n))
			;
		for (j = 0; j < CONNS; j++)
			if (conn[j].on)
				assert_true((uint64_t)conn[j].cfg.x +
					    conn[j].cfg.width <=
					    copies_shown(&conn[j])->width);
		if (fake_failed) {
			teardown(state);
			setup(state);
			faults.at_once = false;
		}
	}
	assert_true(violations_count() > 100);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_life), T(test_large), T(test_directory),
		T(test_limits), T(test_memory), T(test_cookies), T(test_release_order),
		T(test_flips),
		T(test_connectors), T(test_few_formats), T(test_no_alloc),
		T(test_protocol), T(test_version),
		T(test_data_offset), T(test_large_offset),
		T(test_events_full), T(test_overrun),
		T(test_full_ring), T(test_hang), T(test_misbehave),
		T(test_delay), T(test_rubbish),
	};

	if (!getenv("XDF_BE_LOG"))
		log_open("/dev/null");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
