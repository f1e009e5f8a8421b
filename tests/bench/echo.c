// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * echo DOMID PORT REF [HZ]: in dom0, the other side of `work pingpong`. It answers
 * like a backend: at once, or at its refreshes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "ring.h"

/* Until the next refresh. */
static void wait_refresh(int hz)
{
	struct timespec ts;
	long period = 1000000000 / hz;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += period - ts.tv_nsec % period;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

int main(int argc, char **argv)
{
	xenevtchn_handle *evtchn = xenevtchn_open(NULL, 0);
	xengnttab_handle *gnttab = xengnttab_open(NULL, 0);
	struct ring *ring;
	int port, hz = argc == 5 ? atoi(argv[4]) : 0;
	uint32_t asked = 0;

	if (argc < 4 || argc > 5 || !evtchn || !gnttab) {
		fprintf(stderr, "echo: three numbers or four, in dom0\n");
		return 1;
	}
	ring = xengnttab_map_grant_ref(gnttab, atoi(argv[1]), atoi(argv[3]), PROT_READ | PROT_WRITE);
	port = xenevtchn_bind_interdomain(evtchn, atoi(argv[1]), atoi(argv[2]));
	if (!ring || port < 0) {
		perror("echo: page or port");
		return 1;
	}
	for (;;) {
		if (xenevtchn_notify(evtchn, port))
			return 1;
		do {
			int got = xenevtchn_pending(evtchn);

			if (got < 0 || xenevtchn_unmask(evtchn, got))
				return 1;
		} while (__atomic_load_n(&ring->asked, __ATOMIC_ACQUIRE) == asked);
		asked = ring->asked;
		if (hz > 0)
			wait_refresh(hz);
		ring->response = ring->request;
		ring->event = ring->request;
		__atomic_store_n(&ring->answered, asked, __ATOMIC_RELEASE);
	}
}
