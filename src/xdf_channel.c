// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <xen/events.h>
#include <xen/page.h>

#include "xdf_channel.h"
#include "xdf_trace.h"

/* Calls the ends of requests whose status is set, without the lock. */
static void channel_finish(struct list_head *done)
{
	struct xdf_request *rq, *next;

	list_for_each_entry_safe(rq, next, done, entry) {
		list_del_init(&rq->entry);
		if (rq->done)
			rq->done(rq);
		else
			complete(&rq->answered);
	}
}

/* The connection is lost; the interrupt is not ended, so a flood ends here. */
static void channel_break(struct xdf_channel *ch, const char *why)
{
	/* read once the work runs */
	WRITE_ONCE(ch->broken, why);
	mod_delayed_work(system_freezable_wq, ch->fault, 0);
}

/*
 * Events that nobody waits for: a few are of flips that were given up. So many
 * in a row come from a backend that counts wrong, or wants to keep us busy.
 */
#define MAX_STRAYS	1024

/*
 * Which response rings: the next one. If a flip is all that is on the ring the one
 * after that, as its event rings in any case, and xdf_channel_poll() looks for an
 * error, which has none.
 */
static void channel_set_bell(struct xdf_channel *ch)
{
	struct displif_sring *sring = ch->ring.sring;
	RING_IDX next = ch->ring.rsp_cons + 1;

	if (list_is_singular(&ch->live) &&
	    list_first_entry(&ch->live, struct xdf_request, entry)->quiet) {
		WRITE_ONCE(sring->rsp_event, next + 1);
		return;
	}
	WRITE_ONCE(sring->rsp_event, next);
	/* set before it is looked at whether such a flip's came without ringing */
	virt_mb();
	if (READ_ONCE(sring->rsp_prod) == next)
		WRITE_ONCE(sring->rsp_event, next + 1);
}

/* To the ring, which is not full. An id comes again after 65,536 requests. */
static void channel_put(struct xdf_channel *ch, struct displif_req *wire)
{
	wire->id = ch->id++;
	*RING_GET_REQUEST(&ch->ring, ch->ring.req_prod_pvt) = *wire;
	ch->ring.req_prod_pvt++;
}

/* Moves requests from the backlog to the ring; true when to notify. */
static bool channel_pump(struct xdf_channel *ch)
{
	RING_IDX before = ch->ring.req_prod_pvt;
	struct xdf_request *rq, *next;
	int notify;

	list_for_each_entry_safe(rq, next, &ch->backlog, entry) {
		if (RING_FULL(&ch->ring))
			break;
		channel_put(ch, &rq->wire);
		list_move_tail(&rq->entry, &ch->live);
		trace_xdf_request(ch->name, ch->node, rq->wire.id,
				  rq->wire.operation);
	}
	if (ch->ring.req_prod_pvt == before)
		return false;
	channel_set_bell(ch);
	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ch->ring, notify);
	return notify;
}

/*
 * A backend works through a ring in order. One that has got as far as this
 * request is slow, not dead, for all behind it; those before it are lost.
 */
static void channel_progress(struct xdf_channel *ch, struct xdf_request *rq)
{
	struct xdf_request *next = rq;

	list_for_each_entry_continue(next, &ch->live, entry)
		next->since = jiffies;
	list_for_each_entry(next, &ch->backlog, entry)
		next->since = jiffies;
}

/* One response, already copied; false when it answers nothing of ours. */
static bool channel_response(struct xdf_channel *ch,
			     const struct displif_resp *resp,
			     struct list_head *done)
{
	struct xdf_request *rq;

	list_for_each_entry(rq, &ch->live, entry) {
		if (rq->wire.id != resp->id ||
		    rq->wire.operation != resp->operation)
			continue;
		channel_progress(ch, rq);
		rq->resp = *resp;
		rq->status = xdf_displif_errno(resp->status);
		list_move_tail(&rq->entry, done);
		return true;
	}
	/* one that timed out before, perhaps */
	return ch->abandoned && ch->abandoned--;
}

/* Reads all responses there are; NULL, or what the backend did wrong. */
static const char *channel_responses(struct xdf_channel *ch, bool *any,
				     struct list_head *done)
{
	int more;

	do {
		RING_IDX prod = READ_ONCE(ch->ring.sring->rsp_prod);
		RING_IDX cons = ch->ring.rsp_cons;

		/* Read the slots only after the index that publishes them. */
		virt_rmb();
		if (prod - cons > ch->ring.req_prod_pvt - cons)
			return "more responses than requests";
		for (; cons != prod; cons++) {
			struct displif_resp resp;

			RING_COPY_RESPONSE(&ch->ring, cons, &resp);
			*any = true;
			trace_xdf_response(ch->name, ch->node, resp.id,
					   resp.operation, resp.status);
			if (!channel_response(ch, &resp, done))
				return "a response to no request";
		}
		ch->ring.rsp_cons = cons;
		RING_FINAL_CHECK_FOR_RESPONSES(&ch->ring, more);
	} while (more);
	return NULL;
}

/* Reads responses and sends what waits for room. Sets @any if there were some. */
static const char *channel_work(struct xdf_channel *ch, bool *any)
{
	const char *why = NULL;
	bool notify = false;
	unsigned long flags;
	LIST_HEAD(done);

	spin_lock_irqsave(&ch->lock, flags);
	if (ch->open) {
		why = channel_responses(ch, any, &done);
		if (why)
			WRITE_ONCE(ch->open, false);
		else
			notify = channel_pump(ch);
	}
	/* under the lock: the interrupt must not be unbound meanwhile */
	if (notify)
		notify_remote_via_irq(ch->req.irq);
	spin_unlock_irqrestore(&ch->lock, flags);

	channel_finish(&done);
	if (why)
		channel_break(ch, why);
	return why;
}

static irqreturn_t channel_req_irq(int irq, void *data)
{
	bool any = false;

	if (!channel_work(data, &any))
		xen_irq_lateeoi(irq, any ? 0 : XEN_EOI_FLAG_SPURIOUS);
	return IRQ_HANDLED;
}

/*
 * Look for responses that do not ring.
 * Context: any but NMI, without locks that requests' done() takes.
 */
void xdf_channel_poll(struct xdf_channel *ch)
{
	bool any = false;

	if (READ_ONCE(ch->open))
		channel_work(ch, &any);
}

/* Reads the events from @cons to @prod; false when none was waited for. */
static bool channel_events(struct xdf_channel *ch, u32 cons, u32 prod)
{
	struct displif_evt_page *page = ch->evt.page;
	bool any = false;

	for (; cons != prod; cons++) {
		struct displif_evt evt;

		memcpy(&evt, &page->slot[cons % DISPLIF_EVT_SLOTS],
		       sizeof(evt));
		/* the copy is made before anything of it is believed */
		barrier();
		trace_xdf_event(ch->name, ch->node, evt.type,
				evt.op.pg_flip.fb_cookie);
		if (evt.type == DISPLIF_EVT_PG_FLIP &&
		    ch->event(ch, evt.op.pg_flip.fb_cookie)) {
			any = true;
			ch->strays = 0;
		} else {
			ch->strays++;
		}
	}
	return any;
}

static irqreturn_t channel_evt_irq(int irq, void *data)
{
	struct xdf_channel *ch = data;
	struct displif_evt_page *page = ch->evt.page;
	u32 prod, cons = ch->evt_cons;
	bool any = false;

	/* a flip's response comes before its event, and may not have rung */
	if (channel_work(ch, &any))
		return IRQ_HANDLED;
	prod = READ_ONCE(page->in_prod);
	/* Read the slots only after the index that publishes them. */
	virt_rmb();
	if (prod - cons > DISPLIF_EVT_SLOTS) {
		channel_break(ch, "more events than the page holds");
		return IRQ_HANDLED;
	}
	any |= channel_events(ch, cons, prod);
	ch->evt_cons = prod;
	/* The slots are read before the backend may write them again. */
	virt_mb();
	WRITE_ONCE(page->in_cons, prod);
	if (ch->strays > MAX_STRAYS) {
		channel_break(ch, "events without flips");
		return IRQ_HANDLED;
	}
	xen_irq_lateeoi(irq, any ? 0 : XEN_EOI_FLAG_SPURIOUS);
	return IRQ_HANDLED;
}

static void port_free(struct xdf_port *p)
{
	xdf_grants_release(p->grants);
	p->grants = NULL;
	p->page = NULL;
}

static int port_open(struct xdf_port *p, struct xenbus_device *xdev,
		     irq_handler_t handler, const char *name, void *data)
{
	int ret;

	p->grants = xdf_grants_alloc(&xdev->dev, xdev->otherend_id, PAGE_SIZE);
	if (IS_ERR(p->grants)) {
		ret = PTR_ERR(p->grants);
		p->grants = NULL;
		return ret;
	}
	p->page = page_address(p->grants->mem->pages[0]);
	ret = xenbus_alloc_evtchn(xdev, &p->port);
	if (ret)
		goto err_grant;
	ret = bind_evtchn_to_irqhandler_lateeoi(p->port, handler, 0, name, data);
	if (ret < 0)
		goto err_port;
	p->irq = ret;
	return 0;

err_port:
	xenbus_free_evtchn(xdev, p->port);
err_grant:
	port_free(p);
	return ret;
}

static void port_mute(struct xdf_port *p, void *data)
{
	if (p->irq < 0)
		return;
	/* closes the event channel too */
	unbind_from_irqhandler(p->irq, data);
	p->irq = -1;
}

/* Closed. Its owners set the functions and works before it is opened. */
void xdf_channel_init(struct xdf_channel *ch)
{
	ch->req.irq = -1;
	ch->evt.irq = -1;
	spin_lock_init(&ch->lock);
	INIT_LIST_HEAD(&ch->live);
	INIT_LIST_HEAD(&ch->backlog);
}

/*
 * Fresh rings and event channels of a closed channel.
 * Return: 0 or a negative errno, and then nothing is held.
 */
int xdf_channel_open(struct xdf_channel *ch, struct xenbus_device *xdev,
		     u32 epoch)
{
	struct displif_sring *sring;
	int ret;

	/* The handlers of ports that are not published have nothing to do. */
	ret = port_open(&ch->evt, xdev, channel_evt_irq, "xen-drm-front-evt",
			ch);
	if (ret)
		return ret;
	ret = port_open(&ch->req, xdev, channel_req_irq, "xen-drm-front-req",
			ch);
	if (ret) {
		port_mute(&ch->evt, ch);
		port_free(&ch->evt);
		return ret;
	}
	spin_lock_irq(&ch->lock);
	ch->name = dev_name(&xdev->dev);
	sring = ch->req.page;
	XEN_FRONT_RING_INIT(&ch->ring, sring, XEN_PAGE_SIZE);
	ch->abandoned = 0;
	ch->evt_cons = 0;
	ch->strays = 0;
	ch->epoch = epoch;
	WRITE_ONCE(ch->open, true);
	spin_unlock_irq(&ch->lock);
	return 0;
}

/* Is it open on this connection? Context: any but NMI. */
bool xdf_channel_is_open(struct xdf_channel *ch, u32 epoch)
{
	unsigned long flags;
	bool open;

	spin_lock_irqsave(&ch->lock, flags);
	open = ch->open && ch->epoch == epoch;
	spin_unlock_irqrestore(&ch->lock, flags);
	return open;
}

/*
 * End all requests, take no more. They end with -ENODEV before this returns, so
 * that whoever waits for one goes on. xdf_channel_close() has to follow.
 * Context: any but NMI.
 */
void xdf_channel_abort(struct xdf_channel *ch)
{
	struct xdf_request *rq;
	unsigned long flags;
	LIST_HEAD(done);

	spin_lock_irqsave(&ch->lock, flags);
	WRITE_ONCE(ch->open, false);
	list_splice_init(&ch->live, &done);
	list_splice_tail_init(&ch->backlog, &done);
	spin_unlock_irqrestore(&ch->lock, flags);

	list_for_each_entry(rq, &done, entry)
		rq->status = -ENODEV;
	channel_finish(&done);
}

/*
 * Give everything back, wait for nobody. Requests on their way end with -ENODEV
 * before this returns, and interrupts run no more. The output is told.
 * Context: may sleep; one caller at a time.
 */
void xdf_channel_close(struct xdf_channel *ch)
{
	xdf_channel_abort(ch);
	port_mute(&ch->req, ch);
	port_mute(&ch->evt, ch);
	port_free(&ch->req);
	port_free(&ch->evt);
	WRITE_ONCE(ch->broken, NULL);
	ch->closed(ch);
}

static int port_publish(const struct xdf_port *p, struct xenbus_transaction xbt,
			const char *dir, const char *ring, const char *channel)
{
	int ret = xenbus_printf(xbt, dir, ring, "%u", p->grants->refs[0]);

	return ret ?: xenbus_printf(xbt, dir, channel, "%u", p->port);
}

/* Write the four nodes of a connector. */
int xdf_channel_publish(struct xdf_channel *ch, struct xenbus_transaction xbt,
			const char *dir)
{
	char *path = kasprintf(GFP_KERNEL, "%s/%u", dir, ch->node);
	int ret;

	if (!path)
		return -ENOMEM;
	ret = port_publish(&ch->req, xbt, path, DISPLIF_NODE_REQ_RING,
			   DISPLIF_NODE_REQ_CHANNEL);
	if (!ret)
		ret = port_publish(&ch->evt, xbt, path, DISPLIF_NODE_EVT_RING,
				   DISPLIF_NODE_EVT_CHANNEL);
	kfree(path);
	return ret;
}

/*
 * Send a request, or queue it behind others: the channel's until its end.
 * Context: any but NMI.
 * Return: 0; -ENODEV when the connection is another one or none, and then done()
 * is not called.
 */
int xdf_channel_submit(struct xdf_channel *ch, struct xdf_request *rq)
{
	unsigned long flags;
	bool notify;

	spin_lock_irqsave(&ch->lock, flags);
	if (!ch->open || (rq->epoch && rq->epoch != ch->epoch)) {
		spin_unlock_irqrestore(&ch->lock, flags);
		return -ENODEV;
	}
	rq->status = -EINPROGRESS;
	rq->since = jiffies;
	list_add_tail(&rq->entry, &ch->backlog);
	notify = channel_pump(ch);
	/* under the lock: whoever closes the channel cancels it afterwards */
	schedule_delayed_work(ch->watchdog, HZ);
	/* Under the lock: the interrupt must not be unbound meanwhile. */
	if (notify)
		notify_remote_via_irq(ch->req.irq);
	spin_unlock_irqrestore(&ch->lock, flags);
	return 0;
}

/*
 * Send a request whose end is waited for later: it stays until
 * wait_for_completion(&rq->answered), which ends with the request's deadline or
 * the connection at the latest.
 * Return: 0; -ENODEV when the channel is closed, and then there is no wait.
 */
int xdf_channel_begin(struct xdf_channel *ch, struct xdf_request *rq, u32 epoch)
{
	rq->epoch = epoch;
	rq->quiet = false;
	rq->done = NULL;
	init_completion(&rq->answered);
	return xdf_channel_submit(ch, rq);
}

/*
 * Send a request and wait for its end.
 * Context: may sleep; not on xenwatch.
 * Return: as xdf_request.status.
 */
int xdf_channel_call(struct xdf_channel *ch, struct xdf_request *rq, u32 epoch)
{
	int ret = xdf_channel_begin(ch, rq, epoch);

	if (ret)
		return ret;
	wait_for_completion(&rq->answered);
	return rq->status;
}

/*
 * Send a last request; nobody waits for its response.
 * Context: the kernel panics, other CPUs stand still with any lock held.
 */
void xdf_channel_panic(struct xdf_channel *ch, struct displif_req *wire)
{
	int notify;

	if (!spin_trylock(&ch->lock))
		return;
	if (ch->open && !RING_FULL(&ch->ring)) {
		channel_put(ch, wire);
		RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ch->ring, notify);
		if (notify)
			notify_remote_via_irq(ch->req.irq);
	}
	spin_unlock(&ch->lock);
}

static bool channel_is_late(const struct xdf_request *rq)
{
	unsigned int ms = xdf_displif_timeout_ms(rq->wire.operation);

	return time_after(jiffies, rq->since + msecs_to_jiffies(ms));
}

/*
 * End the requests that take too long; @busy is set when there are others. A late
 * response is still recognised as such, and ignored. A backend of version 1 may
 * ignore GET_EDID, which it does not know: that is no fault.
 * Context: any but NMI.
 * Return: whether the backend is at fault.
 */
bool xdf_channel_expire(struct xdf_channel *ch, bool *busy)
{
	struct xdf_request *rq, *next;
	unsigned long flags;
	LIST_HEAD(done);
	bool fault = false;

	xdf_channel_poll(ch);
	spin_lock_irqsave(&ch->lock, flags);
	list_for_each_entry_safe(rq, next, &ch->live, entry) {
		if (!channel_is_late(rq))
			continue;
		ch->abandoned++;
		list_move_tail(&rq->entry, &done);
	}
	list_for_each_entry_safe(rq, next, &ch->backlog, entry)
		if (channel_is_late(rq))
			list_move_tail(&rq->entry, &done);
	*busy |= !list_empty(&ch->live) || !list_empty(&ch->backlog);
	spin_unlock_irqrestore(&ch->lock, flags);

	list_for_each_entry(rq, &done, entry) {
		rq->status = -ETIMEDOUT;
		fault |= rq->wire.operation != DISPLIF_OP_GET_EDID;
	}
	channel_finish(&done);
	return fault;
}
