// SPDX-License-Identifier: GPL-2.0 OR MIT
/* echo DOMID PORT REF: in dom0, the other side of `work pingpong`; it answers like a backend. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "ring.h"

int main(int argc, char **argv)
{
	xenevtchn_handle *evtchn = xenevtchn_open(NULL, 0);
	xengnttab_handle *gnttab = xengnttab_open(NULL, 0);
	struct ring *ring;
	uint32_t asked = 0;
	int port;

	if (argc != 4 || !evtchn || !gnttab) {
		fprintf(stderr, "echo: three numbers, in dom0\n");
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
		ring->response = ring->request;
		ring->event = ring->request;
		__atomic_store_n(&ring->answered, asked, __ATOMIC_RELEASE);
	}
}
