// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/reboot.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "xdf_backend.h"

/*
 * Steps are taken on xenwatch, xenbus's thread, as xenbus requires it of whoever writes
 * Initialising or leaves it: it reads our state there, and takes a difference from what it
 * remembers for another device in our place. So a step never waits for the backend. Nor for
 * a disk, whose driver may wait for xenwatch: allocations below the mutex do no I/O.
 */

/* So many connections may end within a minute before the next one has to wait. */
#define FREE_FAILURES	8
/* Then 1 s, doubled each time up to 32 s. A backend at fault waits at once. */
#define MAX_DELAY_SHIFT	5

static void backend_lock(struct xdf_backend *b)
{
	mutex_lock(&b->mutex);
	b->noio = memalloc_noio_save();
}

static void backend_unlock(struct xdf_backend *b)
{
	memalloc_noio_restore(b->noio);
	mutex_unlock(&b->mutex);
}

/* When the next rings may be offered, after the end of a connection. */
static void backend_delay(struct xdf_backend *b, bool fault)
{
	if (time_after(jiffies, b->failed_at + 60 * HZ))
		b->failures = 0;
	b->failures++;
	if (fault)
		b->failures = max(b->failures, FREE_FAILURES + 1u);
	b->failed_at = jiffies;
	b->offer_at = jiffies;
	if (b->failures > FREE_FAILURES)
		b->offer_at += HZ << min(b->failures - FREE_FAILURES - 1u, MAX_DELAY_SHIFT + 0u);
}

/* Whoever waits for a response goes on from here. */
static void backend_abort(struct xdf_backend *b)
{
	unsigned int i;

	for (i = 0; i < b->count; i++)
		xdf_channel_abort(b->channels[i]);
}

/* The end of a connection, or of what was to be one. */
static void backend_down(struct xdf_backend *b, enum xdf_backend_state state, bool fault)
{
	enum xdf_backend_state was = b->state;
	unsigned int i;

	WRITE_ONCE(b->state, state);
	backend_abort(b);
	/* it may be about to end requests that it found late */
	cancel_delayed_work_sync(&b->watchdog);
	for (i = 0; i < b->count; i++)
		xdf_channel_close(b->channels[i]);
	WRITE_ONCE(b->lost, NULL);
	if (was == XDF_BACKEND_OFFERED || was == XDF_BACKEND_UP)
		backend_delay(b, fault);
	if (was != XDF_BACKEND_UP)
		return;
	WRITE_ONCE(b->losses, b->losses + 1);
	queue_work(b->wq, b->changed);
}

/* Initialising first: a backend that restarts and reads Connected would bind the old rings. */
static void backend_lose(struct xdf_backend *b, const char *why, bool fault)
{
	if (fault)
		WRITE_ONCE(b->faults, b->faults + 1);
	dev_warn(&b->xdev->dev,
		 "lost the display backend (%s); the device stays, the screen comes back with the backend\n",
		 why);
	xenbus_switch_state(b->xdev, XenbusStateInitialising);
	backend_down(b, XDF_BACKEND_DOWN, fault);
}

/* Sets the version; 0 when there is none that both speak. */
static void backend_agree(struct xdf_backend *b)
{
	char *list = xenbus_read(XBT_NIL, b->xdev->otherend, DISPLIF_NODE_BE_VERSIONS, NULL);

	if (IS_ERR(list))
		list = NULL;
	WRITE_ONCE(b->unversioned, !list);
	WRITE_ONCE(b->version, xdf_parse_versions(list));
	if (!b->version)
		dev_err(&b->xdev->dev,
			"the backend speaks protocol versions \"%*pE\", this driver %u to %u (error %d): update the older side\n",
			(int)strnlen(list, XDF_MAX_LOGGED), list, DISPLIF_VERSION_MIN,
			DISPLIF_VERSION_MAX, -EPROTO);
	kfree(list);
}

static int backend_publish(struct xdf_backend *b)
{
	const char *dir = b->xdev->nodename;
	struct xenbus_transaction xbt;
	unsigned int i;
	int ret, err;

	do {
		ret = xenbus_transaction_start(&xbt);
		if (ret)
			return ret;
		for (i = 0; i < b->count && !ret; i++)
			if (READ_ONCE(b->channels[i]->open))
				ret = xdf_channel_publish(b->channels[i], xbt, dir);
		if (!ret)
			ret = xenbus_printf(xbt, dir, DISPLIF_NODE_FE_VERSION, "%u", b->version);
		err = xenbus_transaction_end(xbt, ret);
	} while (!ret && err == -EAGAIN);
	return ret ?: err;
}

/* Fresh rings for a backend that waits for them. */
static void backend_offer(struct xdf_backend *b)
{
	unsigned int i;
	int ret = 0;

	if (!READ_ONCE(b->channels[0]->present)) {
		dev_err(&b->xdev->dev,
			"connector 0 is gone from XenStore (error %d): nothing can be shown without it; add it again, or detach the display\n",
			-ENOENT);
		backend_delay(b, true);
		return;
	}
	WRITE_ONCE(b->epoch, b->epoch + 1);
	WRITE_ONCE(b->state, XDF_BACKEND_OFFERED);
	backend_agree(b);
	if (!b->version) {
		/* until the backend changes */
		backend_down(b, XDF_BACKEND_DOWN, true);
		return;
	}
	for (i = 0; i < b->count && !ret; i++)
		if (smp_load_acquire(&b->channels[i]->present)) /* and its number */
			ret = xdf_channel_open(b->channels[i], b->xdev, b->epoch);
	if (!ret)
		ret = backend_publish(b);
	if (!ret) {
		xenbus_switch_state(b->xdev, XenbusStateInitialised);
		return;
	}
	backend_down(b, XDF_BACKEND_DOWN, true);
	/* without event channels xenbus has said Closing, which would be the end */
	xenbus_switch_state(b->xdev, XenbusStateInitialising);
	dev_err(&b->xdev->dev,
		"could not offer rings to the backend (error %d); trying again in %lu s\n",
		ret, (b->offer_at - jiffies) / HZ + 1);
	mod_delayed_work(system_freezable_wq, &b->step, b->offer_at - jiffies);
}

static void backend_look(struct xdf_backend *b, enum xenbus_state be)
{
	/* there is nothing to lose */
	WRITE_ONCE(b->lost, NULL);
	/* it is another one when the device was bound before */
	xenbus_switch_state(b->xdev, XenbusStateInitialising);
	if (be != XenbusStateInitWait)
		return;
	if (time_before(jiffies, b->offer_at))
		mod_delayed_work(system_freezable_wq, &b->step, b->offer_at - jiffies);
	else
		backend_offer(b);
}

/* True when the toolstack takes the device away, or the guest goes down. */
static bool backend_close(struct xdf_backend *b, enum xenbus_state be)
{
	bool detached = (be == XenbusStateClosing || be == XenbusStateClosed) &&
		!xenbus_read_unsigned(b->xdev->otherend, "online", 1);
	bool shutdown = b->xdev->state == XenbusStateClosing;

	if (!detached && (!shutdown || be == XenbusStateConnected))
		return false;
	backend_down(b, shutdown ? XDF_BACKEND_GONE : XDF_BACKEND_DOWN, false);
	xenbus_frontend_closed(b->xdev);
	return true;
}

/* Why the rings cannot be used any more; NULL when they can. */
static const char *backend_is_lost(struct xdf_backend *b, bool *fault)
{
	const char *broken = NULL;
	unsigned int i;

	for (i = 0; i < b->count && !broken; i++)
		broken = READ_ONCE(b->channels[i]->broken);
	*fault = broken;
	return broken ?: READ_ONCE(b->lost);
}

/* Changes are missed when they come fast: only where things stand counts. */
static void backend_step(struct xdf_backend *b)
{
	enum xenbus_state be;
	const char *why;
	bool fault;

	if (b->state == XDF_BACKEND_GONE || READ_ONCE(b->stopping))
		return;
	be = xenbus_read_driver_state(b->xdev, b->xdev->otherend);
	if (backend_close(b, be))
		return;
	why = backend_is_lost(b, &fault);
	if (why && b->state != XDF_BACKEND_DOWN)
		backend_lose(b, why, fault);

	switch (b->state) {
	case XDF_BACKEND_UP:
		if (be == XenbusStateConnected) {
			if (READ_ONCE(b->ready) == b->epoch)
				xenbus_switch_state(b->xdev, XenbusStateConnected);
			return;
		}
		backend_lose(b, be == XenbusStateUnknown ? "it vanished" :
			     "it closed or started again", false);
		break;
	case XDF_BACKEND_OFFERED:
		if (be == XenbusStateConnected) {
			WRITE_ONCE(b->state, XDF_BACKEND_UP);
			dev_info(&b->xdev->dev,
				 "connected to the backend in domain %u, protocol version %u\n",
				 b->xdev->otherend_id, b->version);
			queue_work(b->wq, b->changed);
		}
		if (be != XenbusStateClosing && be != XenbusStateClosed)
			return;
		dev_err(&b->xdev->dev,
			"the backend rejected the display (error %d); its own log says why\n",
			-ECONNREFUSED);
		backend_lose(b, "rejected", true);
		break;
	default:
		break;
	}
	backend_look(b, be);
}

/* xenbus_driver.otherend_changed. Context: xenwatch. */
void xdf_backend_changed(struct xdf_backend *b)
{
	backend_lock(b);
	backend_step(b);
	backend_unlock(b);
}

/*
 * A watch fires once when it is set, on xenwatch: that is all of it. Under the
 * mutex, because xdf_backend_stop() may be about to take it back.
 */
static void backend_on_xenwatch(struct xenbus_watch *watch, const char *path, const char *token)
{
	struct xdf_backend *b = container_of(watch, struct xdf_backend, xenwatch);

	backend_lock(b);
	if (b->called)
		unregister_xenbus_watch(watch);
	b->called = false;
	backend_step(b);
	backend_unlock(b);
}

static void backend_call_xenwatch(struct work_struct *work)
{
	struct xdf_backend *b = container_of(to_delayed_work(work), struct xdf_backend, step);

	backend_lock(b);
	if (!READ_ONCE(b->stopping) && !b->called) {
		b->called = !register_xenbus_watch(&b->xenwatch);
		if (!b->called)
			queue_delayed_work(system_freezable_wq, &b->step, HZ);
	}
	backend_unlock(b);
}

static void backend_watchdog(struct work_struct *work)
{
	struct xdf_backend *b = container_of(to_delayed_work(work), struct xdf_backend, watchdog);
	bool busy = false;
	unsigned int i;

	for (i = 0; i < b->count; i++) {
		if (!xdf_channel_expire(b->channels[i], &busy))
			continue;
		WRITE_ONCE(b->channels[i]->broken, "it does not answer");
		mod_delayed_work(system_freezable_wq, &b->step, 0);
		return;
	}
	if (busy)
		schedule_delayed_work(&b->watchdog, HZ);
}

/* Userspace can use the device. Nothing happens when that connection was lost. Context: any. */
void xdf_backend_ready(struct xdf_backend *b, u32 epoch)
{
	WRITE_ONCE(b->ready, epoch);
	mod_delayed_work(system_freezable_wq, &b->step, 0);
}

/* The device cannot go on; @what failed, for the log and XenStore. */
void xdf_backend_fail(struct xdf_backend *b, int err, const char *what)
{
	backend_lock(b);
	/* else the device is gone already, and XenStore's node is not ours */
	if (!READ_ONCE(b->stopping)) {
		backend_down(b, XDF_BACKEND_GONE, false);
		xenbus_dev_fatal(b->xdev, err, "%s", what);
	}
	backend_unlock(b);
}

/*
 * xenbus would say Closing and wait five seconds for a backend that may be gone. A device that
 * is closed already is left alone. All of it here: the steps stand still before hibernation.
 */
static int backend_reboot(struct notifier_block *nb, unsigned long event, void *data)
{
	struct xdf_backend *b = container_of(nb, struct xdf_backend, reboot);
	bool up;

	WRITE_ONCE(b->stopping, true);
	backend_abort(b);
	backend_lock(b);
	up = b->state == XDF_BACKEND_UP;
	if (b->state != XDF_BACKEND_GONE)
		backend_down(b, XDF_BACKEND_GONE, false);
	if (up)
		xenbus_switch_state(b->xdev, XenbusStateClosed);
	backend_unlock(b);
	return NOTIFY_DONE;
}

/* Down. @b is zeroed, but for its channels; @wq is unbound. */
void xdf_backend_init(struct xdf_backend *b, struct xenbus_device *xdev,
		      struct workqueue_struct *wq, struct work_struct *changed)
{
	unsigned int i;

	b->xdev = xdev;
	b->wq = wq;
	b->changed = changed;
	/* nothing was made known in it */
	b->epoch = 1;
	mutex_init(&b->mutex);
	b->xenwatch.node = xdev->nodename;
	b->xenwatch.callback = backend_on_xenwatch;
	b->reboot.notifier_call = backend_reboot;
	b->offer_at = jiffies;
	INIT_DELAYED_WORK(&b->step, backend_call_xenwatch);
	INIT_DELAYED_WORK(&b->watchdog, backend_watchdog);
	for (i = 0; i < b->count; i++) {
		b->channels[i]->fault = &b->step;
		b->channels[i]->watchdog = &b->watchdog;
	}
}

/* Begin to look for the backend. xdf_backend_changed() follows from xenbus in any case. */
void xdf_backend_start(struct xdf_backend *b)
{
	register_reboot_notifier(&b->reboot);
}

/* The connection has to be made again; @why is constant. Context: any. */
void xdf_backend_renew(struct xdf_backend *b, const char *why)
{
	WRITE_ONCE(b->lost, why);
	mod_delayed_work(system_freezable_wq, &b->step, 0);
}

/*
 * Nothing of the backend's may be left here. The connection is made again, also
 * when the guest is not suspended after all, of which xenbus tells nobody.
 * Context: xenwatch; steps stand still until the guest goes on.
 */
void xdf_backend_suspend(struct xdf_backend *b)
{
	backend_lock(b);
	if (b->state == XDF_BACKEND_OFFERED || b->state == XDF_BACKEND_UP) {
		backend_down(b, XDF_BACKEND_DOWN, false);
		xdf_backend_renew(b, "the guest was suspended");
	}
	backend_unlock(b);
}

/*
 * The guest was restored, perhaps elsewhere, or woke up. The connection is made again in
 * any case: grants and event channels may be those of another boot.
 * Context: xenwatch; xenbus has just set the device's state to Initialising.
 */
void xdf_backend_resume(struct xdf_backend *b)
{
	/* A guest that only slept is still Connected, for the backend too. */
	b->xdev->state = xenbus_read_driver_state(b->xdev, b->xdev->nodename);
	xdf_backend_renew(b, "the guest was restored or woke up");
}

/*
 * The device goes. Waits neither for the backend nor for userspace. No step is taken after
 * this, and every further request fails.
 * Context: may sleep; xenwatch, or whoever unbinds the driver.
 */
void xdf_backend_stop(struct xdf_backend *b)
{
	bool called;

	unregister_reboot_notifier(&b->reboot);
	WRITE_ONCE(b->stopping, true);
	backend_abort(b);
	backend_lock(b);
	called = b->called;
	b->called = false;
	/* xenbus does so only for one that cannot come back; one that was removed is left alone */
	if (b->xdev->state != XenbusStateInitialising)
		xenbus_switch_state(b->xdev, XenbusStateClosed);
	backend_down(b, XDF_BACKEND_GONE, false);
	backend_unlock(b);
	/* xenwatch may just have been called: it waits for that */
	if (called)
		unregister_xenbus_watch(&b->xenwatch);
	cancel_delayed_work_sync(&b->step);
}
