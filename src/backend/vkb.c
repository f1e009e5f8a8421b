// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A guest's driver does not come back once its device was closed. So this end
 * never closes: it takes page and event channel up where an earlier run of ours
 * left them, and leaves them to the next one.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/kbdif.h>

#include "backend.h"
#include "loop.h"
#include "say.h"
#include "vkb.h"
#include "xenstore.h"

#define GUARD	"frontend"

struct vkb {
	struct vkb *next;
	uint32_t devid;
	char *be_path, *fe_path;
	int be_state, fe_state;
	bool seen, bound;
	struct xenkbd_page *page;
	int port;
	struct input input;
};

static struct vkb *vkbs;
static char *root;		/* of the guest's devices at this domain */
static uint32_t guest;

static void notify(struct input *in)
{
	struct vkb *k = watch_owner(in, struct vkb, input);

	xen_evtchn_notify(k->port);
}

static void set_state(struct vkb *k, int state)
{
	char value[4] = { '0' + state, '\0' };

	if (k->be_state != state &&
	    xenstore_write_guarded(k->be_path, GUARD, "state", value))
		k->be_state = state;
}

static void unbind(struct vkb *k)
{
	if (!k->bound)
		return;
	k->bound = false;
	input_detach(&k->input);
	xen_evtchn_unbind(k->port);
	xen_unmap(k->page, 1);
}

static void bind(struct vkb *k)
{
	uint32_t ref, port;
	int local;

	if (!xenstore_number(k->fe_path, XENKBD_FIELD_RING_GREF, UINT32_MAX, &ref) ||
	    !xenstore_number(k->fe_path, XENKBD_FIELD_EVT_CHANNEL, UINT32_MAX, &port)) {
		say("no keyboard and pointer: the guest's page or event channel is missing");
		return;
	}
	k->page = xen_map(guest, &ref, 1);
	if (!k->page) {
		say("no keyboard and pointer: the guest's page cannot be mapped");
		return;
	}
	local = xen_evtchn_bind(guest, port);
	if (local < 0) {
		say("no keyboard and pointer: the guest's event channel cannot be bound");
		xen_unmap(k->page, 1);
		return;
	}
	k->port = local;
	k->input.notify = notify;
	input_attach(&k->input, k->page);
	k->bound = true;
	set_state(k, ST_CONNECTED);
	say("keyboard and pointer are connected");
}

static void moved(struct vkb *k)
{
	switch (k->fe_state) {
	case ST_INITIALISED:
	case ST_CONNECTED:
		if (!k->bound)
			bind(k);
		break;
	case ST_INITIALISING:
	case ST_NONE:
	case ST_CLOSING:
	case ST_CLOSED:
		unbind(k);
		if (k->fe_state == ST_CLOSED)
			set_state(k, ST_CLOSED);
		else if (k->fe_state == ST_INITIALISING)
			set_state(k, ST_INIT_WAIT);
		break;
	default:
		break;
	}
}

static void watch_token(const struct vkb *k, char *path, char *token, size_t len)
{
	snprintf(path, XENSTORE_PATH, "%.400s/state", k->fe_path);
	snprintf(token, len, "kbd/%u/%u", guest, k->devid);
}

static void vkb_free(struct vkb *k)
{
	char path[XENSTORE_PATH], token[64];
	struct vkb **p;

	unbind(k);
	watch_token(k, path, token, sizeof(token));
	xenstore_unwatch(path, token);
	for (p = &vkbs; *p != k; p = &(*p)->next)
		;
	*p = k->next;
	free(k->be_path);
	free(k->fe_path);
	free(k);
}

/* What the guest reads of us when its driver comes. */
static void offer(struct vkb *k)
{
	char range[8];

	snprintf(range, sizeof(range), "%d", INPUT_RANGE);
	xenstore_write_guarded(k->be_path, GUARD, XENKBD_FIELD_FEAT_ABS_POINTER, "1");
	xenstore_write_guarded(k->be_path, GUARD, XENKBD_FIELD_WIDTH, range);
	xenstore_write_guarded(k->be_path, GUARD, XENKBD_FIELD_HEIGHT, range);
}

static struct vkb *vkb_new(uint32_t devid, const char *be_path)
{
	char path[XENSTORE_PATH], token[64];
	struct vkb *k;
	char *fe;

	fe = xenstore_frontend(be_path, guest);
	if (!fe)
		return NULL;
	k = calloc(1, sizeof(*k));
	if (!k) {
		free(fe);
		return NULL;
	}
	k->devid = devid;
	k->fe_path = fe;
	k->be_path = strdup(be_path);
	k->be_state = xenstore_state(be_path);
	k->next = vkbs;
	vkbs = k;
	offer(k);
	if (k->be_state == ST_INITIALISING)
		set_state(k, ST_INIT_WAIT);
	watch_token(k, path, token, sizeof(token));
	xenstore_watch(path, token);
	return k;
}

static void sync_one(uint32_t devid, const char *be_path)
{
	int state;
	struct vkb *k;

	for (k = vkbs; k; k = k->next)
		if (k->devid == devid)
			break;
	if (!k)
		k = vkb_new(devid, be_path);
	if (!k)
		return;
	k->seen = true;
	/* the toolstack takes it away */
	state = xenstore_state(k->be_path);
	if (state == ST_CLOSING && k->be_state != ST_CLOSING) {
		unbind(k);
		set_state(k, ST_CLOSED);
		return;
	}
	k->fe_state = xenstore_state(k->fe_path);
	moved(k);
}

/* Watches only say that something moved. */
void vkb_sync(void)
{
	char path[XENSTORE_PATH], **ids;
	struct vkb *k, *next;
	unsigned int n, i;
	uint32_t devid;

	for (k = vkbs; k; k = k->next)
		k->seen = false;
	ids = xenstore_list(root, &n);
	for (i = 0; ids && i < n; i++) {
		if (!parse_number(ids[i], 99999, &devid))
			continue;
		snprintf(path, sizeof(path), "%.200s/%.8s", root, ids[i]);
		sync_one(devid, path);
	}
	free(ids);
	for (k = vkbs; k; k = next) {
		next = k->next;
		if (!k->seen)
			vkb_free(k);
	}
}

int vkb_open(uint32_t backend, uint32_t domid)
{
	guest = domid;
	if (asprintf(&root, "/local/domain/%u/backend/vinput/%u", backend, domid) < 0)
		return -ENOMEM;
	return xenstore_watch(root, "kbd");
}

/* States stay as they are: see above. */
void vkb_close(void)
{
	while (vkbs)
		vkb_free(vkbs);
	free(root);
	root = NULL;
}

/* Return the first that is connected; NULL when the guest has none. */
struct input *vkb_input(void)
{
	struct vkb *k;

	for (k = vkbs; k; k = k->next)
		if (k->bound)
			return &k->input;
	return NULL;
}

/* For people: yes, waiting for the guest's driver, or none. */
const char *vkb_state(void)
{
	if (vkb_input())
		return "yes";
	return vkbs ? "waiting" : "none";
}
