// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Displays in XenStore: which there are, and the states of both ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "hooks.h"
#include "xenstore.h"

/* As one that has ended and comes again: a frontend of an earlier one sees it. */
#define START_STATES	"1,5,6,1,2"

struct dev *devs;

static char *root;			/* <own domain>/backend/vdispl */

static bool write_node(struct dev *d, const char *node, const char *value)
{
	return xenstore_write_guarded(d->be_path, "frontend", node, value);
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
	log_dev(d, "UNBIND", "why=\"%s\" dbufs=%u fbs=%u bytes=%llu", why,
		d->ndbufs, d->nfbs, (unsigned long long)d->bytes);
	for (c = d->conns; c; c = c->next)
		conn_unbind(c);
	dev_drop_objects(d);
}

/*
 * The end of this device until the toolstack adds it again. A frontend that
 * was only found connected to an earlier backend gets a chance to start again.
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

/**
 * conn_resolution - the size that XenStore has for a connector
 * @w: set when it is a size
 * @h: the same
 * @text: what it says, to be freed; NULL if there is nothing
 */
bool conn_resolution(const struct conn *c, uint32_t *w, uint32_t *h, char **text)
{
	char dir[XENSTORE_PATH];

	snprintf(dir, sizeof(dir), "%.400s/%u", c->dev->fe_path, c->index);
	*text = xenstore_read(dir, DISPLIF_NODE_RESOLUTION);
	return *text && parse_resolution(*text, w, h);
}

static struct conn *read_conn(struct dev *d, uint32_t index)
{
	struct conn *c = calloc(1, sizeof(*c));
	char dir[XENSTORE_PATH], *s, text[64];

	if (!c)
		return NULL;
	c->dev = d;
	c->index = index;
	c->req_port = -1;
	c->evt_port = -1;
	/* Its own trouble: the other connectors go on, and so do its rings. */
	if (!conn_resolution(c, &c->width, &c->height, &s)) {
		c->width = 0;
		c->height = 0;
		log_conn(c, "NOTE", "what=resolution text=\"%s is no WIDTHxHEIGHT\"",
			 s ? printable(s, text, sizeof(text)) : "(missing)");
	}
	free(s);
	snprintf(dir, sizeof(dir), "%.400s/%u", d->fe_path, index);
	s = xenstore_read(dir, DISPLIF_NODE_UNIQUE_ID);
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
	names = xenstore_list(d->fe_path, &n);
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
	char dir[XENSTORE_PATH];
	int i, ret;

	snprintf(dir, sizeof(dir), "%.400s/%u", c->dev->fe_path, c->index);
	for (i = 0; i < 4; i++) {
		if (xenstore_number(dir, nodes[i], UINT32_MAX, &v[i]) && v[i])
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
	char *s = xenstore_read(d->fe_path, DISPLIF_NODE_FE_VERSION), text[32];
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

	d->be_alloc = xenstore_number(d->fe_path, DISPLIF_NODE_BE_ALLOC, 1, &v) &&
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
	for (c = d->conns; c; c = c->next)
		display_add(c);
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
	if (xenstore_number(d->be_path, "online", 1, &v))
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
		if (d->ndbufs || d->nfbs)
			log_dev(d, "NOTE", "what=left-over text=\"the frontend left %u buffers and %u framebuffers behind\"",
				d->ndbufs, d->nfbs);
		dev_unbind(d, d->fe_state == ST_INITIALISING ?
			   "frontend starts again" : d->fe_state == ST_NONE ?
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
		    ((hooks && hooks->wait_fresh) || d->stale_failed))
			break;
		if (d->fe_state == ST_INITIALISED)
			d->stale = false;
		dev_bind(d);
		break;
	default:
		break;
	}
}

/* Return false when it has to be forgotten and found again. */
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
	log_dev(d, "NOTE", "what=again text=\"state is %d, was %d: the device was added again\"",
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
	char path[XENSTORE_PATH], token[64];
	struct dev **p;

	dev_unbind(d, "device is gone");
	drop_conns(d);
	display_gone(d);
	watch_token(d, path, sizeof(path), token, sizeof(token));
	xenstore_unwatch(path, token);
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
	char path[XENSTORE_PATH], token[64];
	char *fe;
	const char *s;
	struct dev *d;
	uint32_t id;
	int before;

	fe = xenstore_frontend(be_path, domid);
	if (!fe)
		return NULL;
	d = calloc(1, sizeof(*d));
	if (!d) {
		free(fe);
		return NULL;
	}
	d->domid = domid;
	d->devid = devid;
	d->fe_path = fe;
	d->be_path = strdup(be_path);
	before = xenstore_state(be_path);
	d->be_state = before;
	d->fe_state = xenstore_state(fe);
	d->next = devs;
	devs = d;
	log_dev(d, "STATE", "fe=%d be=%d", d->fe_state, before);
	watch_token(d, path, sizeof(path), token, sizeof(token));
	xenstore_watch(path, token);
	if (opt.versions)
		write_node(d, DISPLIF_NODE_BE_VERSIONS, opt.versions);
	/* Being removed while we were away. */
	if (xenstore_number(be_path, "online", 1, &id) && !id &&
	    (before == ST_CLOSING || before == ST_CLOSED)) {
		set_state(d, ST_CLOSED);
		return d;
	}
	if (d->fe_state == ST_CONNECTED) {
		d->stale = true;
		log_dev(d, "NOTE", "what=stale text=\"the frontend is connected to an earlier backend\"");
	}
	for (s = hooks ? hooks->start_states : START_STATES; *s; s++)
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
	if (d && !backend_moved(d, xenstore_state(be_path))) {
		dev_free(d);
		d = NULL;
	}
	if (!d)
		d = dev_new(domid, devid, be_path);
	if (!d)
		return;
	d->seen = true;
	state = xenstore_state(d->fe_path);
	if (state != d->fe_state) {
		d->fe_state = state;
		log_dev(d, "STATE", "fe=%d be=%d", d->fe_state, d->be_state);
	}
	frontend_moved(d);
}

/* Watches only say that something moved: look at everything that we serve. */
void vdispl_sync(void)
{
	char **doms, **ids, path[XENSTORE_PATH];
	unsigned int nd, ni, i, j;
	uint32_t domid, devid;
	struct dev *d, *next;

	for (d = devs; d; d = d->next)
		d->seen = false;
	doms = xenstore_list(root, &nd);
	for (i = 0; doms && i < nd; i++) {
		if (!parse_number(doms[i], 0x7fef, &domid) ||
		    (opt.guest >= 0 && domid != (uint32_t)opt.guest))
			continue;
		snprintf(path, sizeof(path), "%.200s/%.8s", root, doms[i]);
		ids = xenstore_list(path, &ni);
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

/**
 * vdispl_open - find out where displays are listed, and be told of changes
 *
 * XenStore is open.
 *
 * Return: 0 or a negative errno, which is logged.
 */
int vdispl_open(void)
{
	int ret;

	if (opt.domid < 0)
		opt.domid = xenstore_domid();
	if (opt.domid < 0) {
		log_error("XenStore does not tell this domain's number: give it with --domid");
		return -ENOENT;
	}
	if (asprintf(&root, "/local/domain/%d/backend/" DISPLIF_XENBUS_TYPE,
		     opt.domid) < 0)
		return -ENOMEM;
	ret = xenstore_watch(root, "be");
	if (ret)
		log_error("cannot watch %s in XenStore: %s", root,
			  strerror(-ret));
	return ret;
}

/* Leave in order: the frontends see us close. */
void vdispl_close(void)
{
	while (devs) {
		if (devs->bound) {
			dev_unbind(devs, "backend stops");
			set_state(devs, ST_CLOSING);
			set_state(devs, ST_CLOSED);
		}
		dev_free(devs);
	}
	free(root);
}
