// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Preloaded into dom0's xl: time passes more slowly for it. libxl gives a
 * backend ten seconds and a script forty, which a busy machine exceeds, and
 * no setting of it changes that. Its timers run by gettimeofday().
 */
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static double scale = 1;
static struct timespec begin;

__attribute__((constructor)) static void start(void)
{
	const char *text = getenv("XDF_SCALE");

	if (text && atof(text) > 1)
		scale = atof(text);
	clock_gettime(CLOCK_REALTIME, &begin);
	/* what it starts keeps its own time */
	unsetenv("LD_PRELOAD");
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec now;
	double passed;

	(void)tz;
	clock_gettime(CLOCK_REALTIME, &now);
	passed = (now.tv_sec - begin.tv_sec + (now.tv_nsec - begin.tv_nsec) / 1e9) / scale +
		 begin.tv_nsec / 1e9;
	tv->tv_sec = begin.tv_sec + (time_t)passed;
	tv->tv_usec = (suseconds_t)((passed - (time_t)passed) * 1e6);
	return 0;
}
