// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/interrupt.h>
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

/* Events in a row that nobody waits for: a few are of flips given up, so many are a fault. */
#define MAX_STRAYS	1024

/*
 * Which response rings: the next one; if a flip is all that is on the ring the one after, as its
 * event rings in any case, and xdf_channel_poll() looks for an error, which has none.
 */
static void channel_set_bell(struct xdf_channel *ch)
{
	struct displif_sring *sring = ch->ring.sring;
	RING_IDX next = ch->ring.rsp_cons + 1;

	if (list_is_singular(&ch->requests) &&
	    list_first_entry(&ch->requests, struct xdf_request, entry)->quiet) {
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

/* Sends the requests that there is room for. */
static void channel_pump(struct xdf_channel *ch)
{
	RING_IDX before = ch->ring.req_prod_pvt;
	struct xdf_request *rq;
	int notify;

	list_for_each_entry(rq, &ch->requests, entry) {
		if (rq->sent)
			continue;
		if (RING_FULL(&ch->ring))
			break;
		channel_put(ch, &rq->wire);
		rq->sent = true;
		trace_xdf_request(ch->name, ch->node, rq->wire.id, rq->wire.operation);
	}
	if (ch->ring.req_prod_pvt == before)
		return;
	channel_set_bell(ch);
	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ch->ring, notify);
	/* under the lock: the interrupt must not be unbound meanwhile */
	if (notify)
		notify_remote_via_irq(ch->req.irq);
}

/* One response, already copied; false when it answers nothing of ours. */
static bool channel_response(struct xdf_channel *ch, const struct displif_resp *resp,
			     struct list_head *done)
{
	struct xdf_request *rq, *next;

	list_for_each_entry(rq, &ch->requests, entry) {
		if (!rq->sent || rq->wire.id != resp->id || rq->wire.operation != resp->operation)
			continue;
		/*
		 * A backend works through a ring in order. One that has got as far as
		 * this is slow, not dead, for all behind it; those before it are lost.
		 */
		next = rq;
		list_for_each_entry_continue(next, &ch->requests, entry)
			next->since = jiffies;
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

		/* Read the slots only after the index that publishes them. */
		virt_rmb();
		if (prod - ch->ring.rsp_cons > ch->ring.req_prod_pvt - ch->ring.rsp_cons)
			return "more responses than requests";
		for (; ch->ring.rsp_cons != prod; ch->ring.rsp_cons++) {
			struct displif_resp resp;

			RING_COPY_RESPONSE(&ch->ring, ch->ring.rsp_cons, &resp);
			*any = true;
			trace_xdf_response(ch->name, ch->node, resp.id, resp.operation,
					   resp.status);
			if (!channel_response(ch, &resp, done))
				return "a response to no request";
		}
		RING_FINAL_CHECK_FOR_RESPONSES(&ch->ring, more);
	} while (more);
	return NULL;
}

/* Reads responses, sends what waits for room. Returns whether there were some, or -EPROTO. */
static int channel_work(struct xdf_channel *ch)
{
	const char *why = NULL;
	unsigned long flags;
	bool any = false;
	LIST_HEAD(done);

	spin_lock_irqsave(&ch->lock, flags);
	if (ch->open) {
		why = channel_responses(ch, &any, &done);
		if (why)
			WRITE_ONCE(ch->open, false);
		else
			channel_pump(ch);
	}
	spin_unlock_irqrestore(&ch->lock, flags);

	channel_finish(&done);
	if (!why)
		return any;
	channel_break(ch, why);
	return -EPROTO;
}

static irqreturn_t channel_req_irq(int irq, void *data)
{
	int any = channel_work(data);

	if (any >= 0)
		xen_irq_lateeoi(irq, any ? 0 : XEN_EOI_FLAG_SPURIOUS);
	return IRQ_HANDLED;
}

/* Look for responses that do not ring. Context: any but NMI, without locks that done() takes. */
void xdf_channel_poll(struct xdf_channel *ch)
{
	if (READ_ONCE(ch->open))
		channel_work(ch);
}

static irqreturn_t channel_evt_irq(int irq, void *data)
{
	struct xdf_channel *ch = data;
	struct displif_evt_page *page = ch->evt.page;
	/* a flip's response comes before its event, and may not have rung */
	int any = channel_work(ch);
	u32 prod;

	if (any < 0)
		return IRQ_HANDLED;
	prod = READ_ONCE(page->in_prod);
	/* Read the slots only after the index that publishes them. */
	virt_rmb();
	if (prod - ch->evt_cons > DISPLIF_EVT_SLOTS) {
		channel_break(ch, "more events than the page holds");
		return IRQ_HANDLED;
	}
	for (; ch->evt_cons != prod; ch->evt_cons++) {
		struct displif_evt evt = page->slot[ch->evt_cons % DISPLIF_EVT_SLOTS];

		/* the copy is made before anything of it is believed */
		barrier();
		trace_xdf_event(ch->name, ch->node, evt.type, evt.op.pg_flip.fb_cookie);
		ch->strays++;
		if (evt.type == DISPLIF_EVT_PG_FLIP && ch->event(ch, evt.op.pg_flip.fb_cookie)) {
			any = true;
			ch->strays = 0;
		}
	}
	/* The slots are read before the backend may write them again. */
	virt_mb();
	WRITE_ONCE(page->in_cons, prod);
	if (ch->strays > MAX_STRAYS)
		channel_break(ch, "events without flips");
	else
		xen_irq_lateeoi(irq, any ? 0 : XEN_EOI_FLAG_SPURIOUS);
	return IRQ_HANDLED;
}

/* What it has got is given back by port_close(), also when it fails. */
static int port_open(struct xdf_port *p, struct xenbus_device *xdev,
		     irq_handler_t handler, const char *name, void *data)
{
	struct xdf_grants *grants = xdf_grants_alloc(&xdev->dev, xdev->otherend_id, PAGE_SIZE);
	int ret;

	if (IS_ERR(grants))
		return PTR_ERR(grants);
	p->grants = grants;
	p->page = page_address(grants->mem->pages[0]);
	ret = xenbus_alloc_evtchn(xdev, &p->port);
	if (ret)
		return ret;
	ret = bind_evtchn_to_irqhandler_lateeoi(p->port, handler, 0, name, data);
	if (ret < 0) {
		xenbus_free_evtchn(xdev, p->port);
		return ret;
	}
	p->irq = ret;
	return 0;
}

static void port_close(struct xdf_port *p, void *data)
{
	/* closes the event channel too */
	if (p->irq >= 0)
		unbind_from_irqhandler(p->irq, data);
	p->irq = -1;
	xdf_grants_release(p->grants);
	p->grants = NULL;
	p->page = NULL;
}

/* Closed. Its owners set the functions and works before it is opened. */
void xdf_channel_init(struct xdf_channel *ch)
{
	ch->req.irq = -1;
	ch->evt.irq = -1;
	spin_lock_init(&ch->lock);
	INIT_LIST_HEAD(&ch->requests);
}

/* Fresh rings and event channels of a closed channel, to be closed also when it fails. */
int xdf_channel_open(struct xdf_channel *ch, struct xenbus_device *xdev, u32 epoch)
{
	/* The handlers of ports that are not published have nothing to do. */
	int ret = port_open(&ch->evt, xdev, channel_evt_irq, "xen-drm-front-evt", ch);

	if (!ret)
		ret = port_open(&ch->req, xdev, channel_req_irq, "xen-drm-front-req", ch);
	if (ret)
		return ret;
	spin_lock_irq(&ch->lock);
	ch->name = dev_name(&xdev->dev);
	XEN_FRONT_RING_INIT(&ch->ring, (struct displif_sring *)ch->req.page, XEN_PAGE_SIZE);
	ch->abandoned = 0;
	ch->evt_cons = 0;
	ch->strays = 0;
	WRITE_ONCE(ch->epoch, epoch);
	WRITE_ONCE(ch->open, true);
	spin_unlock_irq(&ch->lock);
	return 0;
}

/*
 * End all requests with -ENODEV, so that whoever waits for one goes on; take no more.
 * xdf_channel_close() has to follow. Context: any but NMI.
 */
void xdf_channel_abort(struct xdf_channel *ch)
{
	unsigned long flags;
	LIST_HEAD(done);

	spin_lock_irqsave(&ch->lock, flags);
	WRITE_ONCE(ch->open, false);
	list_splice_init(&ch->requests, &done);
	spin_unlock_irqrestore(&ch->lock, flags);
	channel_finish(&done);
}

/*
 * The same, and give everything back, wait for nobody. Interrupts run no more, the output is told.
 * Context: may sleep; one caller at a time.
 */
void xdf_channel_close(struct xdf_channel *ch)
{
	xdf_channel_abort(ch);
	port_close(&ch->req, ch);
	port_close(&ch->evt, ch);
	WRITE_ONCE(ch->broken, NULL);
	ch->closed(ch);
}

/* Write the four nodes of a connector. */
int xdf_channel_publish(struct xdf_channel *ch, struct xenbus_transaction xbt, const char *dir)
{
	char *path = kasprintf(GFP_KERNEL, "%s/%u", dir, ch->node);
	int ret;

	if (!path)
		return -ENOMEM;
	ret = xenbus_printf(xbt, path, DISPLIF_NODE_REQ_RING, "%u", ch->req.grants->refs[0]) ?:
	      xenbus_printf(xbt, path, DISPLIF_NODE_REQ_CHANNEL, "%u", ch->req.port) ?:
	      xenbus_printf(xbt, path, DISPLIF_NODE_EVT_RING, "%u", ch->evt.grants->refs[0]) ?:
	      xenbus_printf(xbt, path, DISPLIF_NODE_EVT_CHANNEL, "%u", ch->evt.port);
	kfree(path);
	return ret;
}

/*
 * Send a request, or queue it behind others: the channel's until its end. Context: any but NMI.
 * Return: 0; -ENODEV when the connection is another one or none, and then done() is not called.
 */
int xdf_channel_submit(struct xdf_channel *ch, struct xdf_request *rq)
{
	unsigned long flags;

	/* until the backend says another, or nothing for too long */
	rq->status = -ENODEV;
	spin_lock_irqsave(&ch->lock, flags);
	if (!ch->open || rq->epoch != ch->epoch) {
		spin_unlock_irqrestore(&ch->lock, flags);
		return -ENODEV;
	}
	rq->sent = false;
	rq->since = jiffies;
	list_add_tail(&rq->entry, &ch->requests);
	/* under the lock: whoever closes the channel cancels it afterwards */
	schedule_delayed_work(ch->watchdog, HZ);
	channel_pump(ch);
	spin_unlock_irqrestore(&ch->lock, flags);
	return 0;
}

/*
 * Send a request whose end is waited for later: it stays until wait_for_completion(&rq->answered),
 * which ends with the request's deadline or the connection at the latest.
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

/* Send a request, wait for its end, return its status. Context: may sleep; not on xenwatch. */
int xdf_channel_call(struct xdf_channel *ch, struct xdf_request *rq, u32 epoch)
{
	if (!xdf_channel_begin(ch, rq, epoch))
		wait_for_completion(&rq->answered);
	return rq->status;
}

/* Send a last request; nobody waits for its response. Context: as xdf_scanout_panic(). */
void xdf_channel_panic(struct xdf_channel *ch, struct displif_req *wire)
{
	int notify;

	if (!spin_trylock(&ch->lock))
		return;
	if (ch->open && !RING_FULL(&ch->ring)) {
		channel_put(ch, wire);
		ch->abandoned++;
		RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ch->ring, notify);
		if (notify)
			notify_remote_via_irq(ch->req.irq);
	}
	spin_unlock(&ch->lock);
}

/*
 * End the requests that take too long; @busy is set when there are others. A late response is
 * still recognised as such, and ignored. Return: whether the backend is at fault; one of version 1
 * may ignore GET_EDID, which it does not know. Context: any but NMI.
 */
bool xdf_channel_expire(struct xdf_channel *ch, bool *busy)
{
	struct xdf_request *rq, *next;
	unsigned long flags;
	LIST_HEAD(done);
	bool fault = false;

	xdf_channel_poll(ch);
	spin_lock_irqsave(&ch->lock, flags);
	list_for_each_entry_safe(rq, next, &ch->requests, entry) {
		unsigned int ms = xdf_displif_timeout_ms(rq->wire.operation);

		if (!time_after(jiffies, rq->since + msecs_to_jiffies(ms)))
			continue;
		ch->abandoned += rq->sent;
		rq->status = -ETIMEDOUT;
		fault |= rq->wire.operation != DISPLIF_OP_GET_EDID;
		list_move_tail(&rq->entry, &done);
	}
	*busy |= !list_empty(&ch->requests);
	spin_unlock_irqrestore(&ch->lock, flags);
	channel_finish(&done);
	return fault;
}
