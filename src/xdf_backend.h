/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The connection to the backend, made again whenever it was lost. */
#ifndef XDF_BACKEND_H
#define XDF_BACKEND_H

#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/workqueue.h>
#include <xen/xenbus.h>

#include "xdf_channel.h"

/**
 * enum xdf_backend_state - the state of the connection
 * @XDF_BACKEND_DOWN: no rings; waits for a backend in InitWait
 * @XDF_BACKEND_OFFERED: rings published; waits for the backend to bind them
 * @XDF_BACKEND_UP: requests are taken
 * @XDF_BACKEND_GONE: the device goes; no way back
 */
enum xdf_backend_state {
	XDF_BACKEND_DOWN,
	XDF_BACKEND_OFFERED,
	XDF_BACKEND_UP,
	XDF_BACKEND_GONE,
};

/**
 * struct xdf_backend - the connection
 * @xdev: the device; not to be used once the connection is gone
 * @channels: one for each connector that there may be, number 0 first
 * @count: number of @channels
 * @wq: runs @changed
 * @changed: the device's, queued when @state became or was UP
 * @mutex: of every step
 * @state: written under @mutex
 * @epoch: number of the connection; what was made known in another is forgotten
 * @version: of the protocol, as agreed with this backend
 * @unversioned: the backend names no versions: what it speaks is found by asking
 * @losses: connections lost, ever
 * @faults: by the backend's fault: the protocol broken, or no answer
 * @stopping: the device goes, or the guest goes down
 * @ready: the connection in which userspace can use the device: Connected is
 *	written then
 * @lost: why the connection has to be made again, constant text; or NULL
 * @step: calls xenwatch
 * @watchdog: looks for requests that take too long
 * @xenwatch: calls xenwatch, when set
 * @called: it is set
 * @reboot: told when the guest goes down
 * @failures: connections lost or rejected within a minute of one another
 * @failed_at: the last one, in jiffies
 * @offer_at: no rings are offered before, in jiffies
 */
struct xdf_backend {
	struct xenbus_device *xdev;
	struct xdf_channel **channels;
	unsigned int count;
	struct workqueue_struct *wq;
	struct work_struct *changed;
	struct mutex mutex;
	enum xdf_backend_state state;
	u32 epoch;
	u32 version;
	bool unversioned;
	unsigned int losses;
	unsigned int faults;
	bool stopping;
	u32 ready;
	const char *lost;
	struct delayed_work step;
	struct delayed_work watchdog;
	struct xenbus_watch xenwatch;
	bool called;
	struct notifier_block reboot;
	unsigned int failures;
	unsigned long failed_at;
	unsigned long offer_at;
};

void xdf_backend_init(struct xdf_backend *b, struct xenbus_device *xdev,
		      struct workqueue_struct *wq, struct work_struct *changed);
void xdf_backend_start(struct xdf_backend *b);
void xdf_backend_changed(struct xdf_backend *b);
void xdf_backend_ready(struct xdf_backend *b, u32 epoch);
void xdf_backend_fail(struct xdf_backend *b, int err, const char *what);
void xdf_backend_renew(struct xdf_backend *b, const char *why);
void xdf_backend_suspend(struct xdf_backend *b);
void xdf_backend_resume(struct xdf_backend *b);
void xdf_backend_stop(struct xdf_backend *b);
const char *xdf_backend_state_name(enum xdf_backend_state state);

static inline bool xdf_backend_is_up(const struct xdf_backend *b)
{
	return READ_ONCE(b->state) == XDF_BACKEND_UP;
}

#endif /* XDF_BACKEND_H */
