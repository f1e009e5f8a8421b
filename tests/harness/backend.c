// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <unistd.h>

#include "backend.h"

/* Another domain: this file is built without a sanitizer for races. */
#define RING_SLOTS	32
#define LATE_MAX_NS	(3ULL * NSEC_PER_SEC)

struct ring_page {
	u32 req_prod, req_event, rsp_prod, rsp_event;
	u8 reserved[48];
	union {
		struct displif_req req;
		struct displif_resp resp;
		u64 words[8];
	} slot[];
};

struct dbuf {
	u64 cookie;
	u32 *refs;
	unsigned int count;
	u64 until;
	struct dbuf *next;
};

static struct {
	bool bound;
	u32 refs[2], ports[2];
	struct ring_page *ring;
	struct displif_evt_page *page;
	u32 req_cons, rsp_prod, evt_prod;
	/* the flip that waits for its event, and the one before */
	bool flipping;
	u64 flip, last, shown;
} con[CONNECTORS];
static struct dbuf *dbufs, *late;
static struct backend_counts counts;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool paused;
struct behaviour backend;

static bool chance(unsigned int in_100000)
{
	return in_100000 && rnd() % 100000 < in_100000;
}

static void scribble(volatile void *p, size_t n)
{
	volatile u32 *word = p;

	for (n /= sizeof(*word); n; n--)
		*word++ = rnd();
}

static void words_copy(volatile void *to, const volatile void *from, size_t n)
{
	const volatile u32 *src = from;
	volatile u32 *dst = to;

	for (n /= sizeof(*dst); n; n--)
		*dst++ = *src++;
}

static u32 load(volatile u32 *p)
{
	u32 v = *p;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return v;
}

static void store(volatile u32 *p, u32 v)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*p = v;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/*
 * Buffers
 */

static void dbuf_free(struct dbuf *d)
{
	unsigned int i;

	for (i = 0; i < d->count; i++)
		if (d->refs[i])
			grant_unmap(d->refs[i]);
	free(d->refs);
	free(d);
}

static void dbuf_release(struct dbuf *d)
{
	if (!backend.late || rnd() % 4) {
		dbuf_free(d);
		return;
	}
	d->until = ktime_get_ns() + rnd() % LATE_MAX_NS;
	d->next = late;
	late = d;
}

static void dbufs_reap(bool all)
{
	struct dbuf **p = &late, *d;

	while ((d = *p)) {
		if (!all && d->until > ktime_get_ns()) {
			p = &d->next;
			continue;
		}
		*p = d->next;
		dbuf_free(d);
	}
}

/* Writes its own references there, some of which are good for nothing. */
static void directory_fill(u32 ref, unsigned int count)
{
	unsigned int i;

	while (count && ref) {
		struct displif_page_directory *dir = grant_map(ref);
		u32 next;

		if (!dir)
			return;
		for (i = 0; i < DISPLIF_REFS_PER_DIR && count; i++, count--) {
			u32 value = 16;

			if (backend.hostile && rnd() % 2000 == 0)
				value = rnd();
			store(&dir->gref[i], value);
		}
		next = load(&dir->gref_dir_next_page);
		grant_unmap(ref);
		ref = next;
	}
}

static s32 dbuf_create(const struct displif_dbuf_create *c)
{
	unsigned int n = c->buffer_sz / DISPLIF_PAGE_SIZE, k = 0, i;
	u32 ref = c->gref_directory;
	struct dbuf *d;

	if (n > 8192)
		return -EINVAL;
	if (c->flags & DISPLIF_DBUF_FLG_REQ_ALLOC) {
		directory_fill(ref, n);
		return 0;
	}
	d = calloc(1, sizeof(*d));
	d->refs = calloc(n + 1, sizeof(*d->refs));
	d->cookie = c->dbuf_cookie;
	d->count = n;
	while (k < n && ref) {
		struct displif_page_directory *dir = grant_map(ref);
		u32 next;

		if (!dir)
			break;
		for (i = 0; i < DISPLIF_REFS_PER_DIR && k < n; i++, k++) {
			u32 page = load(&dir->gref[i]);

			d->refs[k] = grant_map(page) ? page : 0;
		}
		next = load(&dir->gref_dir_next_page);
		grant_unmap(ref);
		ref = next;
	}
	d->next = dbufs;
	dbufs = d;
	return 0;
}

static s32 dbuf_destroy(u64 cookie)
{
	struct dbuf **p = &dbufs, *d;

	while ((d = *p)) {
		if (d->cookie == cookie) {
			*p = d->next;
			dbuf_release(d);
			return 0;
		}
		p = &d->next;
	}
	return 0;
}

static u32 edid_write(const struct displif_get_edid *g)
{
	static const u8 header[8] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
	struct displif_page_directory *dir = grant_map(g->gref_directory);
	u8 *edid = NULL, sum = 0;
	u32 ref = 0, i;

	if (dir) {
		ref = load(&dir->gref[0]);
		grant_unmap(g->gref_directory);
		edid = grant_map(ref);
	}
	if (!edid)
		return 0;
	if (backend.hostile && rnd() % 2) {
		scribble(edid, 256);
	} else {
		for (i = 0; i < 127; i++) {
			((volatile u8 *)edid)[i] = i < 8 ? header[i] : 0;
			sum += i < 8 ? header[i] : 0;
		}
		((volatile u8 *)edid)[127] = -sum;
	}
	grant_unmap(ref);
	return backend.hostile && rnd() % 4 == 0 ? rnd() : 128;
}

/*
 * The connection
 */

static void unbind(void)
{
	struct dbuf *d;
	int i;

	for (i = 0; i < CONNECTORS; i++) {
		if (!con[i].bound)
			continue;
		grant_unmap(con[i].refs[0]);
		grant_unmap(con[i].refs[1]);
		memset(&con[i], 0, sizeof(con[i]));
	}
	while ((d = dbufs)) {
		dbufs = d->next;
		dbuf_release(d);
	}
}

static u32 frontend_node(int connector, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%d/%s", FRONTEND_PATH, connector, name);
	return store_number(path, 0);
}

static bool bind_connector(int i)
{
	con[i].refs[0] = frontend_node(i, DISPLIF_NODE_REQ_RING);
	con[i].refs[1] = frontend_node(i, DISPLIF_NODE_EVT_RING);
	con[i].ports[0] = frontend_node(i, DISPLIF_NODE_REQ_CHANNEL);
	con[i].ports[1] = frontend_node(i, DISPLIF_NODE_EVT_CHANNEL);
	con[i].ring = grant_map(con[i].refs[0]);
	if (!con[i].ring)
		return false;
	con[i].page = grant_map(con[i].refs[1]);
	if (!con[i].page) {
		grant_unmap(con[i].refs[0]);
		return false;
	}
	con[i].bound = true;
	return true;
}

static bool bind_all(void)
{
	int i;

	/* the toolstack may have written the state as well */
	unbind();
	for (i = 0; i < CONNECTORS; i++)
		/* the toolstack may have removed it */
		if (frontend_node(i, DISPLIF_NODE_REQ_RING) && !bind_connector(i)) {
			unbind();
			return false;
		}
	counts.binds++;
	return true;
}

static bool event_room(unsigned int i)
{
	return con[i].bound && con[i].evt_prod - load(&con[i].page->in_cons) < DISPLIF_EVT_SLOTS;
}

static void event(unsigned int i, u64 cookie, bool junk)
{
	struct displif_evt evt = {};

	if (!event_room(i))
		return;
	if (junk) {
		scribble(&evt, sizeof(evt));
		if (rnd() % 3)
			evt.type = DISPLIF_EVT_PG_FLIP;
	}
	evt.op.pg_flip.fb_cookie = cookie;
	words_copy(&con[i].page->slot[con[i].evt_prod % DISPLIF_EVT_SLOTS], &evt, sizeof(evt));
	store(&con[i].page->in_prod, ++con[i].evt_prod);
	counts.events++;
}

void backend_respond(unsigned int i, const struct displif_resp *resp)
{
	words_copy(&con[i].ring->slot[con[i].rsp_prod % RING_SLOTS], resp, sizeof(*resp));
	store(&con[i].ring->rsp_prod, ++con[i].rsp_prod);
	counts.responses++;
	/* it rings when it is asked to, as any backend */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (load(&con[i].ring->rsp_event) == con[i].rsp_prod)
		evtchn_kick(con[i].ports[0]);
}

static s32 random_error(void)
{
	static const s32 codes[] = {
		-EPERM, -ENOENT, -EIO, -EAGAIN, -ENOMEM, -EBUSY, -EINVAL, -ENOSPC, -ENOSYS,
		-ERESTARTSYS, -ENODEV, -ETIMEDOUT, 5, INT32_MIN, -EOPNOTSUPP,
	};

	return codes[rnd() % ARRAY_SIZE(codes)];
}

static s32 perform(unsigned int i, const struct displif_req *req, struct displif_resp *resp)
{
	s32 status = backend.status[req->operation & 15];

	if (backend.decide) {
		s32 decided = backend.decide(i, req);

		if (decided <= 0)
			status = decided;
	}
	if (!status && chance(backend.errors)) {
		counts.errors++;
		status = random_error();
	}
	if (status && req->operation != DISPLIF_OP_DBUF_DESTROY)
		return status;
	switch (req->operation) {
	case DISPLIF_OP_DBUF_CREATE:
		return dbuf_create(&req->op.dbuf_create);
	case DISPLIF_OP_DBUF_DESTROY:
		return dbuf_destroy(req->op.dbuf_destroy.dbuf_cookie) ?: status;
	case DISPLIF_OP_SET_CONFIG:
		con[i].shown = req->op.set_config.fb_cookie;
		return 0;
	case DISPLIF_OP_PG_FLIP:
		con[i].flip = req->op.pg_flip.fb_cookie;
		con[i].shown = con[i].flip;
		con[i].flipping = !backend.eventless;
		return 0;
	case DISPLIF_OP_GET_EDID:
		resp->op.get_edid.edid_sz = edid_write(&req->op.get_edid);
		return 0;
	case DISPLIF_OP_FB_ATTACH:
	case DISPLIF_OP_FB_DETACH:
		return 0;
	}
	if (!backend.hostile)
		bug("the driver sent an operation %#x", req->operation);
	return -EOPNOTSUPP;
}

/* What the protocol says of any request of ours. */
static void request_check(const struct displif_req *req)
{
	int i;

	/* it may have been scribbled over */
	if (backend.hostile)
		return;
	for (i = 0; i < 5; i++)
		if (req->reserved[i])
			bug("reserved bytes of a request are not 0");
	if (req->operation == DISPLIF_OP_DBUF_CREATE && !req->op.dbuf_create.gref_directory)
		bug("DBUF_CREATE without a directory");
}

static void serve(unsigned int i)
{
	struct displif_resp resp;
	struct displif_req req;
	unsigned int n;

	for (n = 0; n < RING_SLOTS; n++) {
		if (!con[i].bound || con[i].req_cons == load(&con[i].ring->req_prod))
			return;
		if (backend.hostile && rnd() % 8 == 0)
			return;
		words_copy(&req, &con[i].ring->slot[con[i].req_cons++ % RING_SLOTS], sizeof(req));
		store(&con[i].ring->req_event, con[i].req_cons + 1);
		request_check(&req);
		counts.requests++;
		counts.ops[req.operation & 15]++;
		if (backend.hostile)
			scribble(&resp, sizeof(resp));
		else
			memset(&resp, 0, sizeof(resp));
		resp.id = req.id;
		resp.operation = req.operation;
		if (chance(backend.silent)) {
			counts.silent++;
			continue;
		}
		resp.status = perform(i, &req, &resp);
		if (!con[i].bound)
			return;
		if (backend.answer && backend.answer(i, &req, &resp))
			continue;
		if (chance(backend.breaks)) {
			counts.breaks++;
			switch (rnd() % 4) {
			case 0:
				resp.id = rnd();
				break;
			case 1:
				resp.operation = rnd();
				break;
			case 2:
				scribble(&resp, sizeof(resp));
				break;
			case 3:
				backend_respond(i, &resp);
				break;
			}
		}
		backend_respond(i, &resp);
	}
}

static void present(unsigned int i)
{
	if (!con[i].flipping || (backend.hostile && rnd() % 3 == 0))
		return;
	con[i].flipping = false;
	con[i].last = con[i].flip;
	if (chance(backend.silent * 2))
		return;
	event(i, con[i].flip, false);
	evtchn_kick(con[i].ports[1]);
}

static void indices_break(unsigned int i)
{
	unsigned int n = 300;

	switch (rnd() % 4) {
	case 0:
		store(&con[i].page->in_prod, rnd());
		break;
	case 1:
		store(&con[i].ring->rsp_prod, rnd());
		break;
	case 2:
		store(&con[i].page->in_prod, con[i].evt_prod - 1 - (u32)(rnd() % 70));
		break;
	case 3:
		while (n--) {
			store(&con[i].ring->rsp_prod, con[i].rsp_prod + (u32)(rnd() % 3));
			store(&con[i].page->in_prod, con[i].evt_prod + (u32)(rnd() % 66));
			evtchn_kick(con[i].ports[rnd() & 1]);
		}
		store(&con[i].ring->rsp_prod, con[i].rsp_prod);
		store(&con[i].page->in_prod, con[i].evt_prod);
		break;
	}
	evtchn_kick(con[i].ports[0]);
	evtchn_kick(con[i].ports[1]);
}

static void harm(unsigned int i)
{
	unsigned int n = rnd() % 21;

	if (!con[i].bound)
		return;
	while (n--) {
		u64 cookies[] = { con[i].last, con[i].flip, con[i].flip + rnd() % 9 - 4,
				  rnd() % 64, rnd(), 0 };

		event(i, cookies[rnd() % ARRAY_SIZE(cookies)], true);
		if (rnd() % 5 == 0)
			scribble(&con[i].page->slot[rnd() % DISPLIF_EVT_SLOTS], 64);
	}
	if (rnd() % 2)
		evtchn_kick(con[i].ports[1]);
	if (rnd() % 16 == 0)
		evtchn_kick(con[i].ports[0]);
	if (chance(2000))
		switch (rnd() % 3) {
		case 0:
			store(&con[i].ring->req_event, rnd());
			break;
		case 1:
			scribble(con[i].page->reserved, sizeof(con[i].page->reserved));
			break;
		case 2:
			scribble(&con[i].ring->slot[rnd() % RING_SLOTS], 64);
			break;
		}
	if (chance(backend.breaks)) {
		counts.breaks++;
		indices_break(i);
	}
}

static void state_write(u32 state)
{
	store_write(BACKEND_PATH "/state", "%u", state);
}

/* Any states and versions for a while, then what is right again. */
static void states_junk(void)
{
	static const char *const versions[] = {
		"1", "2", "1,2", "", "7", "2,,", "4294967298", "1\n<0>: forged", "\x1b[2J",
	};
	unsigned int n = 1 + rnd() % 8;

	while (n--) {
		if (rnd() % 6 == 0)
			store_write(BACKEND_PATH "/" DISPLIF_NODE_BE_VERSIONS, "%s",
				    versions[rnd() % ARRAY_SIZE(versions)]);
		else if (rnd() % 16 == 0)
			store_remove(BACKEND_PATH "/" DISPLIF_NODE_BE_VERSIONS);
		state_write(rnd() % 10);
		counts.states++;
		if (rnd() % 3 == 0)
			usleep(rnd() % 3000);
	}
	store_write(BACKEND_PATH "/" DISPLIF_NODE_BE_VERSIONS, "1,2");
	unbind();
	state_write(XenbusStateInitWait);
}

static void follow_states(void)
{
	u32 fe = store_number(FRONTEND_PATH "/state", 0);
	u32 be = store_number(BACKEND_PATH "/state", 0);

	switch (fe) {
	case XenbusStateInitialised:
		if (be != XenbusStateInitWait)
			break;
		if (bind_all()) {
			state_write(XenbusStateConnected);
		} else {
			state_write(XenbusStateClosed);
			usleep(200);
			state_write(XenbusStateInitWait);
		}
		break;
	case XenbusStateInitialising:
	case XenbusStateClosing:
	case XenbusStateClosed:
		if (be == XenbusStateConnected) {
			unbind();
			state_write(XenbusStateClosing);
			state_write(XenbusStateClosed);
			state_write(XenbusStateInitWait);
		} else if (fe == XenbusStateInitialising && be != XenbusStateInitWait) {
			unbind();
			state_write(XenbusStateInitWait);
		}
		break;
	}
}

static void step(void)
{
	unsigned int i;

	if (backend.absent)
		return;
	if (chance(backend.states)) {
		states_junk();
		return;
	}
	follow_states();
	if (backend.deaf)
		return;
	for (i = 0; i < CONNECTORS; i++) {
		serve(i);
		present(i);
		if (backend.hostile)
			harm(i);
	}
	dbufs_reap(false);
}

static void *backend_thread(void *unused)
{
	for (;;) {
		pthread_mutex_lock(&lock);
		if (!paused)
			step();
		pthread_mutex_unlock(&lock);
		if (!backend.hostile)
			backend_wait(100);
		else if (rnd() % 8 == 0)
			usleep(rnd() % 60);
	}
	return NULL;
}

void backend_start(void)
{
	pthread_t t;

	pthread_create(&t, NULL, backend_thread, NULL);
}

void backend_pause(bool on)
{
	pthread_mutex_lock(&lock);
	paused = on;
	pthread_mutex_unlock(&lock);
}

void backend_count(struct backend_counts *c)
{
	pthread_mutex_lock(&lock);
	*c = counts;
	pthread_mutex_unlock(&lock);
}

unsigned long backend_messages(void)
{
	struct backend_counts c;

	backend_count(&c);
	return c.responses + c.events;
}

void backend_event(unsigned int i, u64 cookie)
{
	event(i, cookie, false);
}

bool backend_event_room(unsigned int i)
{
	return event_room(i);
}

void backend_kick_events(unsigned int i)
{
	evtchn_kick(con[i].ports[1]);
}

bool backend_bound(void)
{
	bool ret;

	pthread_mutex_lock(&lock);
	ret = con[0].bound;
	pthread_mutex_unlock(&lock);
	return ret;
}

u64 backend_shown(unsigned int i)
{
	u64 ret;

	pthread_mutex_lock(&lock);
	ret = con[i].shown;
	pthread_mutex_unlock(&lock);
	return ret;
}

void backend_unbind(void)
{
	pthread_mutex_lock(&lock);
	unbind();
	dbufs_reap(true);
	pthread_mutex_unlock(&lock);
}
