/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What waits for descriptors. */
#ifndef XDB_LOOP_H
#define XDB_LOOP_H

#include <stdint.h>

/* Part of what waits; ready() may take its own watch away, or any other. */
struct watch {
	int fd;
	void (*ready)(struct watch *w);
};

int loop_open(void);
void loop_close(void);
int loop_add(struct watch *w);
void loop_remove(struct watch *w);
int loop_wait(int timeout_ms);

#define watch_owner(w, type, member) \
	((type *)((char *)(w) - offsetof(type, member)))

#endif /* XDB_LOOP_H */
