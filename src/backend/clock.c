// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#include "backend.h"

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

/* Have the timer @fd fire at @due of that clock; 0: not at all. */
void timer_arm(int fd, uint64_t due)
{
	struct itimerspec its;

	memset(&its, 0, sizeof(its));
	its.it_value.tv_sec = due / NSEC;
	its.it_value.tv_nsec = due % NSEC;
	timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL);
}
