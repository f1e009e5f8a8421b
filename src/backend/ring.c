// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Request rings, event pages and what time does to them. */
#include <errno.h>
#include <string.h>

#include "backend.h"
#include "hooks.h"

/* Requests of one ring before the others have their turn. */
#define BATCH		32
/* Channels before others have theirs. */
#define CHANNELS	64

const struct hooks *hooks;

int conn_bind(struct conn *c, uint32_t req_ref, uint32_t req_port,
	      uint32_t evt_ref, uint32_t evt_port, const char **why)
{
	struct xdf_sring *sring;
	uint32_t start = 0;

	c->req_port = -1;
	c->evt_port = -1;
	sring = xen_map(c->dev->domid, &req_ref, 1);
	if (!sring) {
		*why = "the request ring's grant cannot be mapped";
		return -EINVAL;
	}
	/*
	 * A frontend that is still connected to an earlier backend: take the
	 * old ring up where the answers stopped.
	 */
	if (c->dev->stale)
		start = READ_SHARED(sring->rsp_prod);
	BACK_RING_ATTACH(&c->ring, sring, start, DISPLIF_PAGE_SIZE);
	c->bound = true;
	c->broken = false;
	c->unanswered = 0;
	c->evt = xen_map(c->dev->domid, &evt_ref, 1);
	if (!c->evt) {
		*why = "the event page's grant cannot be mapped";
		return -EINVAL;
	}
	c->evt_prod = READ_SHARED(c->evt->in_cons);
	WRITE_SHARED(c->evt->in_prod, c->evt_prod);
	c->req_port = xen_evtchn_bind(c->dev->domid, req_port);
	if (c->req_port < 0) {
		*why = "the request ring's event channel cannot be bound";
		return c->req_port;
	}
	c->evt_port = xen_evtchn_bind(c->dev->domid, evt_port);
	if (c->evt_port < 0) {
		*why = "the event page's event channel cannot be bound";
		return c->evt_port;
	}
	return 0;
}

void conn_unbind(struct conn *c)
{
	if (c->req_port >= 0)
		xen_evtchn_unbind(c->req_port);
	if (c->evt_port >= 0)
		xen_evtchn_unbind(c->evt_port);
	if (c->evt)
		xen_unmap(c->evt, 1);
	if (c->bound)
		xen_unmap(c->ring.sring, 1);
	c->req_port = -1;
	c->evt_port = -1;
	c->evt = NULL;
	c->bound = false;
	c->more = false;
	c->held = false;
	c->flipping = false;
	c->on = false;
	c->shown = 0;
	memset(&c->cfg, 0, sizeof(c->cfg));
	display_remove(c);
}

/* Ticks of all connectors fall together, as on one clock. */
uint64_t next_tick(uint64_t now)
{
	uint64_t period = NSEC / opt.refresh;

	return (now / period + 1) * period;
}

/* Return false when there is no room for it. */
bool ring_event(struct conn *c, const struct displif_evt *evt)
{
	uint32_t used = c->evt_prod - READ_SHARED(c->evt->in_cons);

	if (used > DISPLIF_EVT_SLOTS) {
		violation(c, "event-index", "in_cons is %u ahead of in_prod",
			  -used);
		return false;
	}
	if (used == DISPLIF_EVT_SLOTS)
		return false;
	xen_mb();
	c->evt->slot[c->evt_prod % DISPLIF_EVT_SLOTS] = *evt;
	xen_wmb();
	WRITE_SHARED(c->evt->in_prod, ++c->evt_prod);
	return true;
}

static void evt_flip(struct conn *c, uint64_t cookie)
{
	struct displif_evt evt = { .type = DISPLIF_EVT_PG_FLIP };
	const char *dropped = NULL;

	evt.id = c->evt_id++;
	evt.op.pg_flip.fb_cookie = cookie;
	c->evt_count++;
	if (hooks)
		dropped = hooks->event(c, &evt);
	else if (!ring_event(c, &evt))
		dropped = "full";
	if (dropped)
		c->st.dropped++;
	else
		c->st.events++;
	if (opt.log_flips || dropped)
		log_conn(c, "EVT", "type=PG_FLIP id=%u fb=0x%llx dropped=%s",
			 evt.id, (unsigned long long)cookie,
			 dropped ? dropped : "no");
	xen_evtchn_notify(c->evt_port);
}

/* The frame of the flip in flight is on show from here on. */
void flip_done(struct conn *c)
{
	c->shown = c->next_shown;
	c->flipping = false;
	c->st.frames++;
	evt_flip(c, c->shown);
	/* the frontend may prepare the next one meanwhile */
	display_show(c);
}

void ring_response(struct conn *c, const struct displif_resp *resp)
{
	*RING_GET_RESPONSE(&c->ring, c->ring.rsp_prod_pvt) = *resp;
	c->ring.rsp_prod_pvt++;
}

void ring_push(struct conn *c)
{
	int notify;

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&c->ring, notify);
	if (notify)
		xen_evtchn_notify(c->req_port);
}

static void serve(struct conn *c, const struct displif_req *req)
{
	struct displif_resp resp;
	unsigned int n = 1;
	char text[200];

	c->st.reqs++;
	if (hooks && hooks->swallow(req)) {
		req_text(text, sizeof(text), req);
		log_conn(c, "REQ", "%s status=none", text);
		c->unanswered++;
		return;
	}
	memset(&resp, 0, sizeof(resp));
	resp.id = req->id;
	resp.operation = req->operation;
	resp.status = ops_serve(c, req, &resp);
	if (resp.status)
		c->st.errors++;
	if (hooks)
		n = hooks->respond(c, &resp);
	while (n--)
		ring_response(c, &resp);
	ring_push(c);
	if (hooks)
		hooks->responded(c);
}

void ring_work(struct conn *c)
{
	struct displif_req req;
	unsigned int n;
	uint32_t prod, left;
	uint64_t delay;
	int more;

	c->more = false;
	for (n = 0; n < BATCH; n++) {
		if (!c->bound || c->broken || c->held)
			return;
		prod = READ_SHARED(c->ring.sring->req_prod);
		xen_rmb();
		left = prod - c->ring.req_cons;
		if (left > RING_SIZE(&c->ring) ||
		    left + c->unanswered > RING_SIZE(&c->ring)) {
			violation(c, "request-index",
				  "req_prod %u is %u ahead of req_cons, %u unanswered, of %u slots",
				  prod, left, c->unanswered,
				  (unsigned int)RING_SIZE(&c->ring));
			c->broken = true;
			dev_fail(c->dev, "request ring overrun");
			return;
		}
		if (!left) {
			RING_FINAL_CHECK_FOR_REQUESTS(&c->ring, more);
			if (!more)
				return;
			continue;
		}
		RING_COPY_REQUEST(&c->ring, c->ring.req_cons, &req);
		c->ring.req_cons++;
		delay = hooks ? hooks->delay(&req) : 0;
		if (delay) {
			c->held = true;
			c->held_req = req;
			c->held_due = now_ns() + delay;
			return;
		}
		serve(c, &req);
	}
	c->more = true;
}

static void ring_port(int port)
{
	struct dev *d;
	struct conn *c;

	for (d = devs; d; d = d->next) {
		for (c = d->conns; c; c = c->next) {
			if (!c->bound)
				continue;
			if (c->req_port == port) {
				ring_work(c);
				return;
			}
		}
	}
}

/* What has come by event channels. */
void ring_channels(void)
{
	int n, port;

	for (n = 0; n < CHANNELS; n++) {
		port = xen_evtchn_pending();
		if (port < 0)
			return;
		/* open it first: what comes during the work must ring again */
		xen_evtchn_unmask(port);
		ring_port(port);
	}
}

void ring_time(uint64_t now)
{
	struct dev *d;
	struct conn *c;

	for (d = devs; d; d = d->next) {
		for (c = d->conns; c; c = c->next) {
			if (c->bound && c->flipping && c->flip_due <= now)
				flip_done(c);
			if (c->bound && c->held && c->held_due <= now) {
				c->held = false;
				serve(c, &c->held_req);
				c->more = true;
			}
			if (c->more)
				ring_work(c);
		}
	}
}

/* 0: nothing is due. */
uint64_t ring_next_due(void)
{
	uint64_t due = 0;
	struct dev *d;
	struct conn *c;

	for (d = devs; d; d = d->next) {
		for (c = d->conns; c; c = c->next) {
			if (!c->bound)
				continue;
			if (c->flipping && (!due || c->flip_due < due))
				due = c->flip_due;
			if (c->held && (!due || c->held_due < due))
				due = c->held_due;
		}
	}
	return due;
}

bool ring_more(void)
{
	struct dev *d;
	struct conn *c;

	for (d = devs; d; d = d->next)
		for (c = d->conns; c; c = c->next)
			if (c->more)
				return true;
	return false;
}
