/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The command of those who look at guests. */
#ifndef XDB_COMMAND_H
#define XDB_COMMAND_H

enum {
	DONE = 0,
	FAILED = 1,
	WRONG_USAGE = 2,
};

int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int add_input(const char *guest);

#endif /* XDB_COMMAND_H */
