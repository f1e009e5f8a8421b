/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* One connector's picture and those who look at it. */
#ifndef XDB_SCREEN_H
#define XDB_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "canvas.h"
#include "input.h"
#include "loop.h"
#include "viewer.h"

#define SCREEN_VIEWERS	64
#define SCREEN_PATH	108	/* of a unix socket */

struct screen;

struct viewer {
	struct viewer *next;
	struct screen *screen;
	struct watch watch;		/* its socket of messages */
	pid_t pid;
	bool busy;			/* told, and not ready for more */
	bool behind;			/* there is more */
	bool canvas_due;		/* it has not been handed the new one */
	struct input_held held;
};

struct screen {
	struct canvas canvas;
	struct watch socket, tcp;	/* fd -1: not listening */
	char path[SCREEN_PATH];
	char title[64];
	char password[32];		/* for viewers by TCP */
	struct viewer *viewers;
	unsigned int count;
	/* told before a viewer is served what there is, and what it says */
	void (*joined)(struct screen *s);
	void (*said)(struct screen *s, struct viewer *v,
		     const struct viewer_message *m);
	void (*left)(struct screen *s, struct viewer *v);
};

int screen_listen(struct watch *w, const char *path, gid_t group,
		  void (*ready)(struct watch *w));
int screen_open(struct screen *s, const char *path, gid_t group);
int screen_open_tcp(struct screen *s, const char *address, uint16_t port);
void screen_close(struct screen *s);
int screen_size(struct screen *s, uint32_t width, uint32_t height);
void screen_show(struct screen *s, canvas_lines_fn lines, void *data);

#endif /* XDB_SCREEN_H */
