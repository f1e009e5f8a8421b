/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The connection to one backend, made again whenever it was lost. */
#ifndef XDF_LINK_H
#define XDF_LINK_H

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

/**
 * struct xdf_link_ops - what the owner of a link is told
 * @up: the rings work; may sleep. An error ends the device.
 * @down: they do not any more, all requests have ended; may sleep
 * @event: a flip was presented; any context, must not sleep
 *
 * @up and @down come in turns, from the link's own work or xdf_link_stop().
 */
struct xdf_link_ops {
	int (*up)(void *data);
	void (*down)(void *data);
	void (*event)(void *data, unsigned int index, u64 fb_cookie);
};

/**
 * struct xdf_link - the connection
 * @xdev: the device; not to be used once the link is gone
 * @ops: the owner's
 * @data: the owner's
 * @state: written by the link's work alone
 * @version: of the protocol, as agreed with this backend
 * @losses: connections lost, ever
 * @count: number of channels
 * @channels: one for each connector, number 0 first
 * @wq: runs @work and @retry in order, one at a time
 * @work: looks at the backend's state
 * @retry: the same, later
 * @watchdog: looks for requests that take too long; not on @wq, because what
 *	runs there may wait for one
 * @flags: XDF_LINK_LOST: the connection is lost for @why; XDF_LINK_FAULT: by
 *	the backend's fault; XDF_LINK_STOP: the device goes
 * @why: constant text
 * @backoff: seconds to wait after the next loss that is the backend's fault
 * @since: when the link came up, in jiffies
 */
struct xdf_link {
	struct xenbus_device *xdev;
	const struct xdf_link_ops *ops;
	void *data;
	enum xdf_link_state state;
	u32 version;
	unsigned int losses;
	unsigned int count;
	struct xdf_channel *channels;
	struct workqueue_struct *wq;
	struct work_struct work;
	struct delayed_work retry;
	struct delayed_work watchdog;
	unsigned long flags;
	const char *why;
	unsigned int backoff;
	unsigned long since;
};

int xdf_link_init(struct xdf_link *link, struct xenbus_device *xdev,
		  const u32 *nodes, unsigned int count,
		  const struct xdf_link_ops *ops, void *data);
void xdf_link_start(struct xdf_link *link);
void xdf_link_poke(struct xdf_link *link);
void xdf_link_resume(struct xdf_link *link);
void xdf_link_stop(struct xdf_link *link);
void xdf_link_free(struct xdf_link *link);
int xdf_link_submit(struct xdf_link *link, unsigned int index,
		    struct xdf_request *rq);
const char *xdf_link_state_name(enum xdf_link_state state);

#endif /* XDF_LINK_H */
