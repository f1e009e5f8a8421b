// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/jiffies.h>
#include <linux/reboot.h>
#include <linux/slab.h>

#include "xdf_config.h"
#include "xdf_link.h"

/*
 * Steps are taken on the bus's own thread, as the bus requires it of whoever
 * writes Initialising or leaves it: the bus reads our state there, and takes
 * a difference from what it remembers for another device in our place. So a
 * step must never wait for the backend.
 */

#define WATCHDOG_PERIOD		HZ
/* A backend at fault is given this long, doubled each time. */
#define BACKOFF_FIRST_S		1
#define BACKOFF_LAST_S		32

/**
 * xdf_link_state_name - a state, for messages
 * @state: any
 *
 * Return: a constant string.
 */
const char *xdf_link_state_name(enum xdf_link_state state)
{
	switch (state) {
	case XDF_LINK_DOWN:
		return "waiting for the backend";
	case XDF_LINK_OFFERED:
		return "rings offered";
	case XDF_LINK_UP:
		return "connected";
	case XDF_LINK_GONE:
		return "gone";
	}
	return "unknown";
}

static void link_close_channels(struct xdf_link *link)
{
	unsigned int i;

	for (i = 0; i < link->count; i++)
		xdf_channel_close(&link->channels[i]);
}

/* The end of a connection, for whatever reason. */
static void link_down(struct xdf_link *link, enum xdf_link_state state)
{
	bool was_up = link->state == XDF_LINK_UP;

	WRITE_ONCE(link->state, state);
	link_close_channels(link);
	/* it may be about to end requests that it found late */
	cancel_delayed_work_sync(&link->watchdog);
	/* no interrupt is left that could set them again */
	clear_bit(XDF_LINK_LOST, &link->flags);
	clear_bit(XDF_LINK_FAULT, &link->flags);
	clear_bit(XDF_LINK_READY, &link->flags);
	if (was_up) {
		link->losses++;
		link->ops->down(link->data);
	}
}

/* Later than the backend's own reaction, which comes as a change of state. */
static void link_retry(struct xdf_link *link)
{
	if (time_after(jiffies, link->since + 60 * HZ))
		link->backoff = BACKOFF_FIRST_S;
	queue_delayed_work(link->wq, &link->retry, link->backoff * HZ);
	link->backoff = min(2 * link->backoff, BACKOFF_LAST_S + 0u);
}

/*
 * Loss: Initialising is written first, because a backend that starts again
 * while it still reads Connected would bind the rings that go away here.
 */
static void link_lose(struct xdf_link *link, const char *why)
{
	dev_warn(&link->xdev->dev,
		 "lost the display backend (%s); the card stays, the screen comes back with the backend\n",
		 why);
	xenbus_switch_state(link->xdev, XenbusStateInitialising);
	link_down(link, XDF_LINK_DOWN);
}

static int link_agree(struct xdf_link *link)
{
	char *list = xenbus_read(XBT_NIL, link->xdev->otherend,
				 DISPLIF_NODE_BE_VERSIONS, NULL);
	int ret = 0;

	if (IS_ERR(list))
		list = NULL;
	link->unversioned = !list;
	link->version = xdf_parse_versions(list);
	if (!link->version) {
		dev_err(&link->xdev->dev,
			"the backend speaks protocol versions \"%s\", this driver %u to %u: update the older side\n",
			list, DISPLIF_VERSION_MIN, DISPLIF_VERSION_MAX);
		ret = -EPROTO;
	}
	kfree(list);
	return ret;
}

static int link_publish_all(struct xdf_link *link,
			    struct xenbus_transaction xbt)
{
	const char *dir = link->xdev->nodename;
	unsigned int i;
	int ret;

	for (i = 0; i < link->count; i++) {
		if (!link->channels[i].open)
			continue;
		ret = xdf_channel_publish(&link->channels[i], xbt, dir);
		if (ret)
			return ret;
	}
	return xenbus_printf(xbt, dir, DISPLIF_NODE_FE_VERSION, "%u",
			     link->version);
}

static int link_publish(struct xdf_link *link)
{
	struct xenbus_transaction xbt;
	int ret;

	do {
		ret = xenbus_transaction_start(&xbt);
		if (ret)
			return ret;
		ret = link_publish_all(link, xbt);
		if (ret) {
			xenbus_transaction_end(xbt, true);
			return ret;
		}
		ret = xenbus_transaction_end(xbt, false);
	} while (ret == -EAGAIN);
	return ret;
}

/* Fresh rings for a backend that waits for them. */
static void link_offer(struct xdf_link *link)
{
	unsigned int i;
	u32 node;
	int ret;

	ret = link_agree(link);
	if (ret)
		return;
	if (!link->ops->node(link->data, 0, &node)) {
		dev_err(&link->xdev->dev,
			"connector 0 is gone from XenStore: nothing can be shown without it; add it again, or detach the display\n");
		return;
	}
	for (i = 0; i < link->count; i++) {
		if (!link->ops->node(link->data, i, &node))
			continue;
		ret = xdf_channel_open(&link->channels[i], link->xdev, node);
		if (ret)
			goto err;
	}
	ret = link_publish(link);
	if (ret)
		goto err;
	WRITE_ONCE(link->state, XDF_LINK_OFFERED);
	xenbus_switch_state(link->xdev, XenbusStateInitialised);
	return;

err:
	link_close_channels(link);
	/* without event channels the bus has said Closing, which would be the end */
	xenbus_switch_state(link->xdev, XenbusStateInitialising);
	dev_err(&link->xdev->dev,
		"could not offer rings to the backend (error %d); trying again in %u s\n",
		ret, link->backoff);
	link_retry(link);
}

static void link_up(struct xdf_link *link)
{
	WRITE_ONCE(link->state, XDF_LINK_UP);
	link->since = jiffies;
	dev_info(&link->xdev->dev,
		 "connected to the backend in domain %u, protocol version %u\n",
		 link->xdev->otherend_id, link->version);
	link->ops->up(link->data);
}

/* The toolstack takes the device away, or the guest goes down. */
static void link_farewell(struct xdf_link *link)
{
	bool shutdown = link->xdev->state == XenbusStateClosing;

	link_down(link, shutdown ? XDF_LINK_GONE : XDF_LINK_DOWN);
	xenbus_frontend_closed(link->xdev);
}

static bool link_leaving(struct xdf_link *link, enum xenbus_state be)
{
	switch (be) {
	case XenbusStateClosing:
	case XenbusStateClosed:
		if (!xenbus_read_unsigned(link->xdev->otherend, "online", 1))
			return true;
		break;
	case XenbusStateConnected:
		return false;
	default:
		break;
	}
	return link->xdev->state == XenbusStateClosing;
}

/* Steps are missed when they come fast: only where things stand counts. */
static void link_step(struct xdf_link *link)
{
	enum xenbus_state be;

	if (link->state == XDF_LINK_GONE ||
	    test_bit(XDF_LINK_STOP, &link->flags) ||
	    test_bit(XDF_LINK_HALT, &link->flags))
		return;
	be = xenbus_read_driver_state(link->xdev, link->xdev->otherend);
	if (link_leaving(link, be)) {
		link_farewell(link);
		return;
	}
	if (link->state == XDF_LINK_DOWN) {
		/* there is nothing to lose */
		clear_bit(XDF_LINK_LOST, &link->flags);
		clear_bit(XDF_LINK_FAULT, &link->flags);
	} else if (test_bit(XDF_LINK_LOST, &link->flags)) {
		bool fault = test_bit(XDF_LINK_FAULT, &link->flags);

		link_lose(link, READ_ONCE(link->why));
		if (fault)
			link_retry(link);
	}

	switch (link->state) {
	case XDF_LINK_UP:
		if (be == XenbusStateConnected)
			return;
		link_lose(link, be == XenbusStateUnknown ? "it vanished" :
			  "it closed or started again");
		break;
	case XDF_LINK_OFFERED:
		if (be == XenbusStateConnected) {
			link_up(link);
			return;
		}
		if (be != XenbusStateClosing && be != XenbusStateClosed)
			return;
		dev_err(&link->xdev->dev,
			"the backend refused the display; its own log says why\n");
		link_lose(link, "refused");
		link_retry(link);
		return;
	default:
		break;
	}
	/* it is another one when the device was bound before */
	xenbus_switch_state(link->xdev, XenbusStateInitialising);
	if (be == XenbusStateInitWait && !delayed_work_pending(&link->retry))
		link_offer(link);
}

/**
 * xdf_link_backend_changed - xenbus_driver.otherend_changed
 * @link: the link
 *
 * Context: the bus's thread.
 */
void xdf_link_backend_changed(struct xdf_link *link)
{
	mutex_lock(&link->mutex);
	link_step(link);
	mutex_unlock(&link->mutex);
}

/*
 * A watch fires once when it is set, on the bus's thread: that is all of it.
 * Under the mutex, because xdf_link_stop() may be about to take it back.
 */
static void link_bus_called(struct xenbus_watch *watch, const char *path,
			    const char *token)
{
	struct xdf_link *link = container_of(watch, struct xdf_link, bus);

	mutex_lock(&link->mutex);
	if (test_and_clear_bit(XDF_LINK_CALLED, &link->flags))
		unregister_xenbus_watch(watch);
	link_step(link);
	mutex_unlock(&link->mutex);
}

static void link_call_bus(struct xdf_link *link)
{
	mutex_lock(&link->mutex);
	if (!test_bit(XDF_LINK_STOP, &link->flags) &&
	    !test_and_set_bit(XDF_LINK_CALLED, &link->flags) &&
	    register_xenbus_watch(&link->bus)) {
		clear_bit(XDF_LINK_CALLED, &link->flags);
		queue_delayed_work(link->wq, &link->retry, link->backoff * HZ);
	}
	mutex_unlock(&link->mutex);
}

static void link_retry_work(struct work_struct *work)
{
	link_call_bus(container_of(to_delayed_work(work), struct xdf_link,
				   retry));
}

/* What the owner had to learn first is here. */
static void link_made_ready(struct xdf_link *link)
{
	/* requests end, too, when the device goes */
	if (link->state == XDF_LINK_UP &&
	    !test_bit(XDF_LINK_STOP, &link->flags) &&
	    !test_bit(XDF_LINK_HALT, &link->flags) &&
	    link->ops->ready(link->data))
		xenbus_switch_state(link->xdev, XenbusStateConnected);
}

static void link_work(struct work_struct *work)
{
	struct xdf_link *link = container_of(work, struct xdf_link, work);

	mutex_lock(&link->mutex);
	if (test_and_clear_bit(XDF_LINK_READY, &link->flags))
		link_made_ready(link);
	mutex_unlock(&link->mutex);
	if (test_bit(XDF_LINK_LOST, &link->flags))
		link_call_bus(link);
}

static void link_fault(struct xdf_link *link, const char *why)
{
	link->faults++;
	set_bit(XDF_LINK_FAULT, &link->flags);
	xdf_link_renew(link, why);
}

static void link_watchdog(struct work_struct *work)
{
	struct xdf_link *link = container_of(to_delayed_work(work),
					     struct xdf_link, watchdog);
	bool late = false, busy = false;
	unsigned int i;

	if (READ_ONCE(link->state) != XDF_LINK_UP)
		return;
	for (i = 0; i < link->count; i++) {
		struct xdf_channel *ch = &link->channels[i];

		late |= xdf_channel_expire(ch);
		busy |= !list_empty_careful(&ch->live);
	}
	if (late)
		link_fault(link, "it does not answer");
	else if (busy)
		schedule_delayed_work(&link->watchdog, WATCHDOG_PERIOD);
}

/**
 * xdf_link_fail - the owner cannot go on
 * @link: the link
 * @err: why, a negative errno
 * @what: what failed, for the log and XenStore
 *
 * Context: may sleep; not from an operation of the link's.
 */
void xdf_link_fail(struct xdf_link *link, int err, const char *what)
{
	mutex_lock(&link->mutex);
	link_down(link, XDF_LINK_GONE);
	xenbus_dev_fatal(link->xdev, err, "%s", what);
	mutex_unlock(&link->mutex);
}

/*
 * The bus would say Closing and wait five seconds for a backend that may be
 * gone. A device that is closed already is left alone. All of it here: on the
 * way into hibernation the link's own work stands still.
 */
static int link_reboot(struct notifier_block *nb, unsigned long event,
		       void *data)
{
	struct xdf_link *link = container_of(nb, struct xdf_link, reboot);
	unsigned int i;

	set_bit(XDF_LINK_HALT, &link->flags);
	for (i = 0; i < link->count; i++)
		xdf_channel_abort(&link->channels[i]);
	mutex_lock(&link->mutex);
	if (link->state != XDF_LINK_GONE) {
		bool up = link->state == XDF_LINK_UP;

		link_down(link, XDF_LINK_GONE);
		if (up)
			xenbus_switch_state(link->xdev, XenbusStateClosed);
	}
	mutex_unlock(&link->mutex);
	return NOTIFY_DONE;
}

static void link_channel_broken(void *data, unsigned int index,
				const char *why)
{
	link_fault(data, why);
}

static void link_channel_event(void *data, unsigned int index, u64 fb_cookie)
{
	struct xdf_link *link = data;

	link->ops->event(link->data, index, fb_cookie);
}

static const struct xdf_channel_ops link_channel_ops = {
	.event = link_channel_event,
	.broken = link_channel_broken,
};

/**
 * xdf_link_submit - send a request on a connector's ring
 * @link: the link
 * @index: which channel
 * @rq: as for xdf_channel_submit()
 *
 * Context: any but NMI.
 *
 * Return: 0, or -ENODEV while there is no backend.
 */
int xdf_link_submit(struct xdf_link *link, unsigned int index,
		    struct xdf_request *rq)
{
	int ret = xdf_channel_submit(&link->channels[index], rq);

	if (!ret && READ_ONCE(link->state) == XDF_LINK_UP)
		schedule_delayed_work(&link->watchdog, WATCHDOG_PERIOD);
	return ret;
}

/**
 * xdf_link_init - prepare a link, down
 * @link: zeroed
 * @xdev: the device
 * @count: of connectors that there may be
 * @ops: whom to tell
 * @data: for @ops
 *
 * Return: 0 or -ENOMEM. xdf_link_free() undoes it.
 */
int xdf_link_init(struct xdf_link *link, struct xenbus_device *xdev,
		  unsigned int count, const struct xdf_link_ops *ops,
		  void *data)
{
	unsigned int i;

	link->channels = kcalloc(count, sizeof(*link->channels), GFP_KERNEL);
	if (!link->channels)
		return -ENOMEM;
	/* Freezable: over a save and restore the device's paths change. */
	link->wq = alloc_ordered_workqueue("xen-drm-front", WQ_FREEZABLE);
	if (!link->wq) {
		kfree(link->channels);
		return -ENOMEM;
	}
	link->xdev = xdev;
	link->ops = ops;
	link->data = data;
	link->count = count;
	link->state = XDF_LINK_DOWN;
	mutex_init(&link->mutex);
	link->bus.node = xdev->nodename;
	link->bus.callback = link_bus_called;
	link->backoff = BACKOFF_FIRST_S;
	link->since = jiffies;
	INIT_WORK(&link->work, link_work);
	INIT_DELAYED_WORK(&link->retry, link_retry_work);
	INIT_DELAYED_WORK(&link->watchdog, link_watchdog);
	for (i = 0; i < count; i++)
		xdf_channel_init(&link->channels[i], i, &link_channel_ops,
				 link);
	return 0;
}

/**
 * xdf_link_start - begin to look for the backend
 * @link: an initialised link
 *
 * xdf_link_backend_changed() follows from the bus, whether it changed or not.
 */
void xdf_link_start(struct xdf_link *link)
{
	link->reboot.notifier_call = link_reboot;
	register_reboot_notifier(&link->reboot);
}

/**
 * xdf_link_ready - the owner has what it needs of the backend
 * @link: the link; nothing happens when it was lost meanwhile
 *
 * Context: any.
 */
void xdf_link_ready(struct xdf_link *link)
{
	set_bit(XDF_LINK_READY, &link->flags);
	queue_work(link->wq, &link->work);
}

/**
 * xdf_link_connected - the owner is of use to its own clients
 * @link: the link; nothing happens when it was lost meanwhile
 *
 * Context: may sleep; not from an operation of the link's.
 */
void xdf_link_connected(struct xdf_link *link)
{
	mutex_lock(&link->mutex);
	if (link->state == XDF_LINK_UP)
		xenbus_switch_state(link->xdev, XenbusStateConnected);
	mutex_unlock(&link->mutex);
}

/**
 * xdf_link_renew - the connection has to be made anew
 * @link: the link
 * @why: constant text, for the log
 *
 * Context: any.
 */
void xdf_link_renew(struct xdf_link *link, const char *why)
{
	WRITE_ONCE(link->why, why);
	set_bit(XDF_LINK_LOST, &link->flags);
	queue_work(link->wq, &link->work);
}

/**
 * xdf_link_suspend - nothing of the backend's may be left here
 * @link: the link
 *
 * The connection is made anew in any case, also when the guest is not
 * suspended after all, of which the bus tells nobody.
 *
 * Context: may sleep; the link's work stands still until the guest goes on.
 */
void xdf_link_suspend(struct xdf_link *link)
{
	mutex_lock(&link->mutex);
	if (link->state == XDF_LINK_OFFERED || link->state == XDF_LINK_UP) {
		link_down(link, XDF_LINK_DOWN);
		xdf_link_renew(link, "the guest was suspended");
	}
	mutex_unlock(&link->mutex);
}

/**
 * xdf_link_resume - the guest was restored, perhaps elsewhere, or woke up
 * @link: the link
 *
 * Grants and event channels may be those of another boot, so the connection
 * is made anew in any case.
 *
 * Context: may sleep; the bus has just set the device's state to Initialising.
 */
void xdf_link_resume(struct xdf_link *link)
{
	struct xenbus_device *xdev = link->xdev;

	/* A guest that only slept is still Connected, for the backend too. */
	xdev->state = xenbus_read_driver_state(xdev, xdev->nodename);
	xdf_link_renew(link, "the guest was restored or woke up");
}

/**
 * xdf_link_stop - the device goes
 * @link: the link
 *
 * Does not wait for the backend. No callback runs after this, and every
 * further request is refused.
 *
 * Context: may sleep.
 */
void xdf_link_stop(struct xdf_link *link)
{
	unsigned int i;
	bool called;

	unregister_reboot_notifier(&link->reboot);
	/* The link's work may wait for a response itself: that ends here. */
	set_bit(XDF_LINK_STOP, &link->flags);
	for (i = 0; i < link->count; i++)
		xdf_channel_abort(&link->channels[i]);
	cancel_work_sync(&link->work);
	mutex_lock(&link->mutex);
	called = test_and_clear_bit(XDF_LINK_CALLED, &link->flags);
	/*
	 * The bus writes it only for a device that cannot be bound again. A
	 * device that the toolstack has removed is left alone by this.
	 */
	if (link->xdev->state != XenbusStateInitialising)
		xenbus_switch_state(link->xdev, XenbusStateClosed);
	link_down(link, XDF_LINK_GONE);
	mutex_unlock(&link->mutex);
	/* the bus's thread may just have been called: it waits for that */
	if (called)
		unregister_xenbus_watch(&link->bus);
	/* no interrupt, request or step is left to ask for these again */
	cancel_delayed_work_sync(&link->retry);
	cancel_delayed_work_sync(&link->watchdog);
	cancel_work_sync(&link->work);
}

/**
 * xdf_link_free - undo xdf_link_init()
 * @link: a stopped link
 */
void xdf_link_free(struct xdf_link *link)
{
	destroy_workqueue(link->wq);
	kfree(link->channels);
}
