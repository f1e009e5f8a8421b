/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef HARNESS_SCENARIOS_H
#define HARNESS_SCENARIOS_H

/* One fault in the driver, or many, ends the program by bug(). */
struct scenario {
	const char *name, *what;
	void (*run)(unsigned long argument);
};

extern const struct scenario scenarios[];

/* The module is loaded, a display is there; and all is given back at the end. */
void world_start(void);
void world_end(void);

#endif /* HARNESS_SCENARIOS_H */
