/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The connection to one backend, made again whenever it was lost. */
#ifndef XDF_LINK_H
#define XDF_LINK_H

#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/workqueue.h>
#include <xen/xenbus.h>

#include "xdf_channel.h"

/**
 * enum xdf_link_state - where the connection stands
 * @XDF_LINK_DOWN: no rings; waits for a backend in InitWait
 * @XDF_LINK_OFFERED: rings published; waits for the backend to bind them
 * @XDF_LINK_UP: requests are taken
 * @XDF_LINK_GONE: the device goes; no way back
 */
enum xdf_link_state {
	XDF_LINK_DOWN,
	XDF_LINK_OFFERED,
	XDF_LINK_UP,
	XDF_LINK_GONE,
};

/* Bits of xdf_link.flags */
#define XDF_LINK_LOST	0
#define XDF_LINK_FAULT	1
#define XDF_LINK_STOP	2
#define XDF_LINK_READY	3
#define XDF_LINK_HALT	4
#define XDF_LINK_CALLED	5

/**
 * struct xdf_link_ops - what the owner of a link is asked and told
 * @node: is there such a connector now, and which number has it in XenStore?
 *	Must not sleep
 * @up: the rings work; xdf_link_ready() has to follow, at once or when the
 *	backend has answered what must be known first
 * @ready: xdf_link_ready() was called. True when the owner is of use to its
 *	clients now; else xdf_link_connected() has to follow
 * @down: they do not any more, all requests have ended
 * @event: a flip was presented; any context, must not sleep
 *
 * @up and @down come in turns, @ready between them, never two at a time; they
 * may sleep, but not wait for the backend.
 */
struct xdf_link_ops {
	bool (*node)(void *data, unsigned int index, u32 *node);
	void (*up)(void *data);
	bool (*ready)(void *data);
	void (*down)(void *data);
	void (*event)(void *data, unsigned int index, u64 fb_cookie);
};

/**
 * struct xdf_link - the connection
 * @xdev: the device; not to be used once the link is gone
 * @ops: the owner's
 * @data: the owner's
 * @mutex: of every step
 * @state: written under @mutex
 * @version: of the protocol, as agreed with this backend
 * @unversioned: the backend names no versions: what it speaks is found by asking
 * @losses: connections lost, ever
 * @faults: by the backend's fault: the protocol broken, or no answer
 * @count: number of channels
 * @channels: one for each connector that there may be, number 0 first
 * @wq: runs @work and @retry
 * @work: sees to @flags
 * @retry: calls the bus's thread again
 * @watchdog: looks for requests that take too long
 * @flags: XDF_LINK_LOST: the connection is lost for @why; XDF_LINK_FAULT: by
 *	the backend's fault; XDF_LINK_STOP: the device goes; XDF_LINK_READY:
 *	the owner is ready; XDF_LINK_HALT: the guest goes down;
 *	XDF_LINK_CALLED: @bus is set
 * @bus: calls the bus's thread
 * @why: constant text
 * @reboot: told when the guest goes down
 * @backoff: seconds to wait after the next loss that is the backend's fault
 * @since: when the link came up, in jiffies
 */
struct xdf_link {
	struct xenbus_device *xdev;
	const struct xdf_link_ops *ops;
	void *data;
	struct mutex mutex;
	enum xdf_link_state state;
	u32 version;
	bool unversioned;
	unsigned int losses;
	unsigned int faults;
	unsigned int count;
	struct xdf_channel *channels;
	struct workqueue_struct *wq;
	struct work_struct work;
	struct delayed_work retry;
	struct delayed_work watchdog;
	unsigned long flags;
	struct xenbus_watch bus;
	const char *why;
	struct notifier_block reboot;
	unsigned int backoff;
	unsigned long since;
};

int xdf_link_init(struct xdf_link *link, struct xenbus_device *xdev,
		  unsigned int count, const struct xdf_link_ops *ops,
		  void *data);
void xdf_link_start(struct xdf_link *link);
void xdf_link_backend_changed(struct xdf_link *link);
void xdf_link_ready(struct xdf_link *link);
void xdf_link_connected(struct xdf_link *link);
void xdf_link_fail(struct xdf_link *link, int err, const char *what);
void xdf_link_renew(struct xdf_link *link, const char *why);
void xdf_link_suspend(struct xdf_link *link);
void xdf_link_resume(struct xdf_link *link);
void xdf_link_stop(struct xdf_link *link);
void xdf_link_free(struct xdf_link *link);
int xdf_link_submit(struct xdf_link *link, unsigned int index,
		    struct xdf_request *rq);
const char *xdf_link_state_name(enum xdf_link_state state);

#endif /* XDF_LINK_H */
