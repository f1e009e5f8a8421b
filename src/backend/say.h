/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Lines for the journal beyond those of backend.h. */
#ifndef XDB_SAY_H
#define XDB_SAY_H

#define SAY_NAME	96

struct conn;

void say_name(const char *guest);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_conn(const struct conn *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* XDB_SAY_H */
