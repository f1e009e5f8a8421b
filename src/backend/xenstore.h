/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* XenStore, as both kinds of devices need it. */
#ifndef XDB_XENSTORE_H
#define XDB_XENSTORE_H

#include <stdbool.h>
#include <stdint.h>

#define XENSTORE_PATH	512

enum {
	ST_NONE = 0,		/* no such node */
	ST_INITIALISING = 1,
	ST_INIT_WAIT = 2,
	ST_INITIALISED = 3,
	ST_CONNECTED = 4,
	ST_CLOSING = 5,
	ST_CLOSED = 6,
};

int xenstore_open(void);
void xenstore_close(void);
int xenstore_fd(void);
bool xenstore_drain(void);

int xenstore_domid(void);
char *xenstore_read(const char *dir, const char *node);
bool xenstore_number(const char *dir, const char *node, uint32_t max, uint32_t *val);
int xenstore_state(const char *dir);
char **xenstore_list(const char *dir, unsigned int *count);
bool xenstore_write_guarded(const char *dir, const char *guard, const char *node,
			    const char *value);
void xenstore_remove(const char *dir, const char *node);
int xenstore_watch(const char *path, const char *token);
void xenstore_unwatch(const char *path, const char *token);
char *xenstore_frontend(const char *backend, uint32_t domid);

#endif /* XDB_XENSTORE_H */
