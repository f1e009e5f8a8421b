// SPDX-License-Identifier: GPL-2.0 OR MIT
/* XenStore: which devices there are, and the dance of the states. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#include "be.h"

enum {
	ST_NONE = 0,		/* no such node */
	ST_INITIALISING = 1,
	ST_INIT_WAIT = 2,
	ST_INITIALISED = 3,
	ST_CONNECTED = 4,
	ST_CLOSING = 5,
	ST_CLOSED = 6,
};

struct dev *devs;

static struct xs_handle *xs;
static char *root;			/* <own domain>/backend/vdispl */

static char *read_node(const char *dir, const char *node)
{
	unsigned int len;
	char path[512];

	snprintf(path, sizeof(path), "%.400s/%.64s", dir, node);
	return xs_read(xs, XBT_NULL, path, &len);
}

static bool read_number(const char *dir, const char *node, uint32_t max,
			uint32_t *val)
{
	char *s = read_node(dir, node);
	bool ok = s && parse_number(s, max, val);

	free(s);
	return ok;
}

static int read_state(const char *dir)
{
	uint32_t v;

	return read_number(dir, "state", 8, &v) ? (int)v : ST_NONE;
}

/*
 * A plain write would bring a directory back that the toolstack has just
 * removed, so look and write in one transaction.
 */
static bool write_node(struct dev *d, const char *node, const char *value)
{
	char path[512], guard[512];
	unsigned int len, tries;

	snprintf(path, sizeof(path), "%.400s/%.64s", d->be_path, node);
	snprintf(guard, sizeof(guard), "%.400s/frontend", d->be_path);
	for (tries = 0; tries < 100; tries++) {
		xs_transaction_t t = xs_transaction_start(xs);
		char *there;
		bool ok;

		if (t == XBT_NULL)
			return false;
		there = xs_read(xs, t, guard, &len);
		ok = there && xs_write(xs, t, path, value, strlen(value));
		free(there);
		if (!ok) {
			xs_transaction_end(xs, t, true);
			return false;
		}
		if (xs_transaction_end(xs, t, false))
			return true;
		if (errno != EAGAIN)
			return false;
	}
	return false;
}

static void set_state(struct dev *d, int state)
{
	char value[4] = { '0' + state, '\0' };

	if (!write_node(d, "state", value))
		return;
	d->be_state = state;
	log_dev(d, "STATE", "fe=%d be=%d", d->fe_state, d->be_state);
}

struct conn *conn_find(uint32_t domid, uint32_t devid, uint32_t index)
{
	struct dev *d;
	struct conn *c;

	for (d = devs; d; d = d->next) {
		if (d->domid != domid || d->devid != devid)
			continue;
		for (c = d->conns; c; c = c->next)
			if (c->index == index)
				return c;
	}
	return NULL;
}

static void drop_conns(struct dev *d)
{
	struct conn *c;

	while ((c = d->conns)) {
		d->conns = c->next;
		conn_unbind(c);
		free(c);
	}
}

void dev_unbind(struct dev *d, const char *why)
{
	struct conn *c;

	if (!d->bound)
		return;
	d->bound = false;
	log_dev(d, "UNBIND", "why=\"%s\" dbufs=%u fbs=%u octets=%llu", why,
		d->ndbufs, d->nfbs, (unsigned long long)d->bytes);
	if (d->ndbufs || d->nfbs)
		log_dev(d, "NOTE", "what=left-over text=\"%u buffers and %u framebuffers were not released\"",
			d->ndbufs, d->nfbs);
	for (c = d->conns; c; c = c->next)
		conn_unbind(c);
	dev_drop_objects(d);
}

/*
 * The end of this device until the toolstack adds it anew. A frontend that
 * was only found connected to an earlier backend gets a chance to start anew.
 */
void dev_fail(struct dev *d, const char *why)
{
	dev_unbind(d, why);
	set_state(d, ST_CLOSING);
	set_state(d, ST_CLOSED);
	if (d->stale) {
		d->stale_failed = true;
		set_state(d, ST_INIT_WAIT);
	} else {
		d->dead = true;
	}
}

static int cmp_index(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static struct conn *read_conn(struct dev *d, uint32_t index)
{
	struct conn *c = calloc(1, sizeof(*c));
	char dir[512], *s, text[64];

	if (!c)
		return NULL;
	c->dev = d;
	c->index = index;
	c->req_port = -1;
	c->evt_port = -1;
	snprintf(dir, sizeof(dir), "%.400s/%u", d->fe_path, index);
	s = read_node(dir, DISPLIF_NODE_RESOLUTION);
	/* Its own trouble: the other connectors go on, and so do its rings. */
	if (!s || !parse_resolution(s, &c->width, &c->height)) {
		c->width = 0;
		c->height = 0;
		log_conn(c, "NOTE", "what=resolution text=\"%s is no WIDTHxHEIGHT\"",
			 s ? printable(s, text, sizeof(text)) : "(missing)");
	}
	free(s);
	s = read_node(dir, DISPLIF_NODE_UNIQUE_ID);
	if (s && *s)
		printable(s, c->id, sizeof(c->id));
	else
		log_conn(c, "NOTE", "what=unique-id text=\"%s\"",
			 s ? "empty" : "missing");
	free(s);
	return c;
}

static int read_conns(struct dev *d)
{
	uint32_t index[BE_MAX_CONNS], v;
	unsigned int n, count = 0, i;
	struct conn **end = &d->conns;
	char **names;

	drop_conns(d);
	names = xs_directory(xs, XBT_NULL, d->fe_path, &n);
	if (!names)
		return -ENOENT;
	for (i = 0; i < n && count < BE_MAX_CONNS; i++) {
		/* "007" would be another node than "7" */
		if (parse_number(names[i], 99999, &v) &&
		    (names[i][0] != '0' || !names[i][1]))
			index[count++] = v;
	}
	free(names);
	if (!count) {
		log_dev(d, "NOTE", "what=no-connector text=\"no connector in %s\"",
			d->fe_path);
		return -ENOENT;
	}
	qsort(index, count, sizeof(index[0]), cmp_index);
	if (index[count - 1] != count - 1)
		log_dev(d, "NOTE", "what=gap text=\"%u connectors, numbered up to %u\"",
			count, index[count - 1]);
	for (i = 0; i < count; i++) {
		*end = read_conn(d, index[i]);
		if (!*end)
			return -ENOMEM;
		end = &(*end)->next;
	}
	return 0;
}

static int bind_conn(struct conn *c)
{
	static const char *const nodes[] = {
		DISPLIF_NODE_REQ_RING, DISPLIF_NODE_REQ_CHANNEL,
		DISPLIF_NODE_EVT_RING, DISPLIF_NODE_EVT_CHANNEL,
	};
	const char *why = "";
	uint32_t v[4];
	char dir[512];
	int i, ret;

	snprintf(dir, sizeof(dir), "%.400s/%u", c->dev->fe_path, c->index);
	for (i = 0; i < 4; i++) {
		if (read_number(dir, nodes[i], UINT32_MAX, &v[i]) && v[i])
			continue;
		log_conn(c, "BIND", "status=%d node=%s text=\"missing or no number\"",
			 -ENOENT, nodes[i]);
		return -ENOENT;
	}
	ret = conn_bind(c, v[0], v[1], v[2], v[3], &why);
	log_conn(c, "BIND",
		 "status=%d width=%u height=%u unique-id=\"%s\" req-ref=%u req-port=%u evt-ref=%u evt-port=%u text=\"%s\"",
		 ret, c->width, c->height, c->id, v[0], v[1], v[2], v[3], why);
	return ret;
}

static int read_version(struct dev *d)
{
	char *s = read_node(d->fe_path, DISPLIF_NODE_FE_VERSION), text[32];
	int ret = 0;

	d->version = 0;
	if (!s)
		return 0;
	if (!parse_number(s, 1000, &d->version) ||
	    (opt.versions && !version_listed(opt.versions, d->version))) {
		log_dev(d, "NOTE", "what=version text=\"%s is none of %s\"",
			printable(s, text, sizeof(text)),
			opt.versions ? opt.versions : "1,2");
		ret = -EPROTO;
	}
	free(s);
	return ret;
}

static void dev_bind(struct dev *d)
{
	struct conn *c;
	uint32_t v = 0;
	int ret;

	d->be_alloc = read_number(d->fe_path, DISPLIF_NODE_BE_ALLOC, 1, &v) &&
		      v == 1;
	ret = read_version(d);
	if (!ret)
		ret = read_conns(d);
	d->bound = true;
	for (c = d->conns; c && !ret; c = c->next)
		ret = bind_conn(c);
	if (ret) {
		dev_fail(d, "bind failed");
		return;
	}
	log_dev(d, "BIND", "status=0 version=%u be-alloc=%d stale=%d",
		d->version, d->be_alloc, d->stale);
	set_state(d, ST_CONNECTED);
	/* What was pushed before we could be notified. */
	for (c = d->conns; c; c = c->next)
		c->more = true;
}

static void frontend_moved(struct dev *d)
{
	bool offline = false;
	uint32_t v;

	if (d->dead)
		return;
	if (read_number(d->be_path, "online", 1, &v))
		offline = !v;
	switch (d->fe_state) {
	case ST_INITIALISING:
	case ST_CLOSING:
	case ST_CLOSED:
	case ST_NONE:
		d->stale = false;
		d->stale_failed = false;
		if (!d->bound)
			break;
		dev_unbind(d, d->fe_state == ST_INITIALISING ?
			   "frontend starts anew" : d->fe_state == ST_NONE ?
			   "frontend is gone" : "frontend closes");
		set_state(d, ST_CLOSING);
		set_state(d, ST_CLOSED);
		if (d->fe_state != ST_NONE && !offline)
			set_state(d, ST_INIT_WAIT);
		break;
	case ST_INITIALISED:
	case ST_CONNECTED:
		if (d->bound)
			break;
		if (offline) {
			if (!d->offline_said)
				log_dev(d, "NOTE", "what=offline text=\"the frontend wants to connect, the device is being removed\"");
			d->offline_said = true;
			break;
		}
		if (d->fe_state == ST_CONNECTED && d->stale &&
		    (opt.wait_fresh || d->stale_failed))
			break;
		if (d->fe_state == ST_INITIALISED)
			d->stale = false;
		dev_bind(d);
		break;
	default:
		break;
	}
}

/* Return false when it has to be forgotten and found anew. */
static bool backend_moved(struct dev *d, int state)
{
	/* Without the guard node set_state() did not write: it is vanishing. */
	if (state == ST_NONE || state == d->be_state)
		return true;
	if (state == ST_CLOSING || state == ST_CLOSED) {
		log_dev(d, "NOTE", "what=detach text=\"the toolstack set state %d\"",
			state);
		d->be_state = state;
		dev_unbind(d, "detached by the toolstack");
		set_state(d, ST_CLOSED);
		return true;
	}
	log_dev(d, "NOTE", "what=anew text=\"state is %d, was %d: the device was added anew\"",
		state, d->be_state);
	return false;
}

static void watch_token(const struct dev *d, char *path, size_t plen,
			char *token, size_t tlen)
{
	snprintf(path, plen, "%.400s/state", d->fe_path);
	snprintf(token, tlen, "fe/%u/%u", d->domid, d->devid);
}

static void dev_free(struct dev *d)
{
	char path[512], token[64];
	struct dev **p;

	dev_unbind(d, "device is gone");
	drop_conns(d);
	watch_token(d, path, sizeof(path), token, sizeof(token));
	xs_unwatch(xs, path, token);
	for (p = &devs; *p != d; p = &(*p)->next)
		;
	*p = d->next;
	log_dev(d, "NOTE", "what=gone text=\"device is gone\"");
	free(d->be_path);
	free(d->fe_path);
	free(d);
}

static struct dev *dev_new(uint32_t domid, uint32_t devid, const char *be_path)
{
	char *fe = read_node(be_path, "frontend"), want[64], text[64];
	char path[512], token[64];
	const char *s;
	struct dev *d;
	uint32_t id;
	int before;

	/* Half written by the toolstack: its next write fires our watch. */
	if (!fe)
		return NULL;
	snprintf(want, sizeof(want), "/local/domain/%u/", domid);
	if (strncmp(fe, want, strlen(want)) || strlen(fe) > 256 ||
	    !read_number(be_path, "frontend-id", 0x7fef, &id) || id != domid) {
		log_note("what=frontend path=%s text=\"%s is not a directory of domain %u\"",
			 be_path, printable(fe, text, sizeof(text)), domid);
		free(fe);
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		free(fe);
		return NULL;
	}
	d->domid = domid;
	d->devid = devid;
	d->fe_path = fe;
	d->be_path = strdup(be_path);
	before = read_state(be_path);
	d->be_state = before;
	d->fe_state = read_state(fe);
	d->next = devs;
	devs = d;
	log_dev(d, "STATE", "fe=%d be=%d", d->fe_state, before);
	watch_token(d, path, sizeof(path), token, sizeof(token));
	xs_watch(xs, path, token);
	if (opt.versions)
		write_node(d, DISPLIF_NODE_BE_VERSIONS, opt.versions);
	/* Being removed while we were away. */
	if (read_number(be_path, "online", 1, &id) && !id &&
	    (before == ST_CLOSING || before == ST_CLOSED)) {
		set_state(d, ST_CLOSED);
		return d;
	}
	if (d->fe_state == ST_CONNECTED) {
		d->stale = true;
		log_dev(d, "NOTE", "what=stale text=\"the frontend is connected to an earlier backend\"");
	}
	for (s = opt.start_states; *s; s++)
		if (*s >= '1' && *s <= '8')
			set_state(d, *s - '0');
	return d;
}

static void sync_dev(uint32_t domid, uint32_t devid, const char *be_path)
{
	struct dev *d;
	int state;

	for (d = devs; d; d = d->next)
		if (d->domid == domid && d->devid == devid)
			break;
	if (d && !backend_moved(d, read_state(be_path))) {
		dev_free(d);
		d = NULL;
	}
	if (!d)
		d = dev_new(domid, devid, be_path);
	if (!d)
		return;
	d->seen = true;
	state = read_state(d->fe_path);
	if (state != d->fe_state) {
		d->fe_state = state;
		log_dev(d, "STATE", "fe=%d be=%d", d->fe_state, d->be_state);
	}
	frontend_moved(d);
}

/* Watches only say that something moved: look at everything that we serve. */
void store_sync(void)
{
	char **doms, **ids, path[512];
	unsigned int nd, ni, i, j;
	uint32_t domid, devid;
	struct dev *d, *next;

	for (d = devs; d; d = d->next)
		d->seen = false;
	doms = xs_directory(xs, XBT_NULL, root, &nd);
	for (i = 0; doms && i < nd; i++) {
		if (!parse_number(doms[i], 0x7fef, &domid))
			continue;
		snprintf(path, sizeof(path), "%.200s/%.8s", root, doms[i]);
		ids = xs_directory(xs, XBT_NULL, path, &ni);
		for (j = 0; ids && j < ni; j++) {
			if (!parse_number(ids[j], 99999, &devid))
				continue;
			snprintf(path, sizeof(path), "%.200s/%.8s/%.8s", root,
				 doms[i], ids[j]);
			sync_dev(domid, devid, path);
		}
		free(ids);
	}
	free(doms);
	for (d = devs; d; d = next) {
		next = d->next;
		if (!d->seen)
			dev_free(d);
	}
}

int store_open(void)
{
	unsigned int len;
	char *own;
	uint32_t id;

	xs = xs_open(0);
	if (!xs) {
		fprintf(stderr, "xdf-backend: no XenStore: %s. Is xenstored running, and are you root?\n",
			strerror(errno));
		return -1;
	}
	if (opt.domid < 0) {
		own = xs_read(xs, XBT_NULL, "domid", &len);
		if (!own || !parse_number(own, 0x7fef, &id)) {
			fprintf(stderr, "xdf-backend: XenStore does not tell this domain's number, give it with --domid\n");
			free(own);
			return -1;
		}
		opt.domid = id;
		free(own);
	}
	if (asprintf(&root, "/local/domain/%d/backend/" DISPLIF_XENBUS_TYPE,
		     opt.domid) < 0)
		return -1;
	if (!xs_watch(xs, root, "be")) {
		fprintf(stderr, "xdf-backend: cannot watch %s: %s\n", root,
			strerror(errno));
		return -1;
	}
	return 0;
}

/* Leave in order: the frontends see us close. */
void store_close(void)
{
	while (devs) {
		if (devs->bound) {
			dev_unbind(devs, "backend stops");
			set_state(devs, ST_CLOSING);
			set_state(devs, ST_CLOSED);
		}
		dev_free(devs);
	}
	xs_close(xs);
	free(root);
}

int store_fd(void)
{
	return xs_fileno(xs);
}

void store_drain(void)
{
	bool any = false;
	char **w;

	while ((w = xs_check_watch(xs))) {
		free(w);
		any = true;
	}
	if (any)
		store_sync();
}
