// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The process of one guest: what it waits for, and what it does then. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "backend.h"
#include "control.h"
#include "guest.h"
#include "keys.h"
#include "loop.h"
#include "run.h"
#include "say.h"
#include "vkb.h"
#include "xenstore.h"

static char name[GUEST_NAME];
static bool quit;
static struct watch signals, timer, store, channels;

const char *guest_name(void)
{
	return name;
}

/* It becomes part of files' names. */
static void find_name(void)
{
	char dir[64], *s;

	snprintf(dir, sizeof(dir), "/local/domain/%d", opt.guest);
	s = xenstore_read(dir, "name");
	if (s && *s)
		snprintf(name, sizeof(name), "%s", s);
	else
		snprintf(name, sizeof(name), "domain%d", opt.guest);
	free(s);
	guest_file_name(name);
	say_name(name);
}

static void on_signal(struct watch *w)
{
	struct signalfd_siginfo si;

	if (read(w->fd, &si, sizeof(si)) == sizeof(si))
		quit = true;
}

static void on_timer(struct watch *w)
{
	uint64_t ticks;

	if (read(w->fd, &ticks, sizeof(ticks)) < 0)
		return;
}

static void on_store(struct watch *w)
{
	(void)w;
	if (!xenstore_drain())
		return;
	vdispl_sync();
	vkb_sync();
}

static void on_channel(struct watch *w)
{
	(void)w;
	ring_channels();
}

static int watch(struct watch *w, int fd, void (*ready)(struct watch *w))
{
	w->fd = fd;
	w->ready = ready;
	return fd < 0 ? -errno : loop_add(w);
}

static int open_loop(void)
{
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	/* before XenStore's library starts its thread, which inherits this */
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	ret = loop_open();
	if (!ret)
		ret = watch(&signals, signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC),
			    on_signal);
	if (!ret)
		ret = watch(&timer, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK |
						   TFD_CLOEXEC), on_timer);
	if (ret)
		log_error("cannot wait for anything: %s", strerror(-ret));
	return ret;
}

/**
 * guest_main - serve the guest of opt.guest until a signal
 *
 * Return: an exit status.
 */
int guest_main(void)
{
	uint64_t due, was = 0;

	/* the manager's end is ours */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (open_loop() || xenstore_open())
		return 1;
	find_name();
	if (keys_open(run.layout)) {
		log_error("the keyboard layout %s is not known: see --layout",
			  run.layout);
		return 1;
	}
	if (xen_open() || vdispl_open() || vkb_open(opt.domid, opt.guest) ||
	    control_open() ||
	    watch(&store, xenstore_fd(), on_store) ||
	    watch(&channels, xen_evtchn_fd(), on_channel))
		return 1;
	vdispl_sync();
	vkb_sync();
	while (!quit) {
		due = ring_next_due();
		if (due != was)
			timer_arm(timer.fd, due);
		was = due;
		if (loop_wait(ring_more() ? 0 : -1) < 0)
			break;
		ring_time(now_ns());
	}
	/* in order: the guest's driver sees its display close, its input stay */
	vdispl_close();
	vkb_close();
	control_close();
	xenstore_close();
	xen_close();
	keys_close();
	return quit ? 0 : 1;
}
