/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* How the service was started. */
#ifndef XDB_RUN_H
#define XDB_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RUN_PASSWORD	9	/* VNC looks at eight characters */

struct run {
	char **argv;			/* for the processes of the guests */
	const char *dir;		/* of the sockets */
	const char *layout;		/* of keyboards */
	gid_t group;			/* of the sockets; -1: the process's own */
	const char *tcp;		/* address, NULL: unix sockets alone */
	uint16_t port;			/* the first one */
	char password[RUN_PASSWORD];
};

extern struct run run;

int manager_main(void);
int guest_main(void);

#endif /* XDB_RUN_H */
