/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The backend that the tests run, xdf-backend: the files of src/backend, one
 * process for all guests, and in place of screens and journal
 *
 *	main	options, signals, the poll loop
 *	control	the control socket
 *	faults	what it does wrong on purpose
 *	copies	what connectors show, copied when a request is served
 *	pictures	files of it
 *	log	all that happens, and the list of violations
 */
#ifndef XDF_TESTS_H
#define XDF_TESTS_H

#include "../../src/backend/backend.h"
#include "../../src/backend/hooks.h"

/* ---- faults.c ---- */
#define MAX_FORMATS	16	/* named by --formats */

struct faults {
	bool at_once, event_first, exact_mode, no_alloc, no_copies, zero_ref;
	unsigned int drop_events;	/* every Nth; 0: none */
	unsigned int evt_rubbish;
	bool reject_on[BE_OPS];
	int reject[BE_OPS];
	int reject_left[BE_OPS];	/* -1: for ever */
	bool hang[BE_OPS], dup[BE_OPS], bad_id[BE_OPS], bad_op[BE_OPS];
	unsigned int delay_ms[BE_OPS];
	uint32_t formats[MAX_FORMATS];	/* that can be shown */
	unsigned int nformats;		/* 0: all that there are */
	char modes[256];		/* that the host has; empty: any */
	unsigned int max_buffers;	/* of one device; 0: BE_MAX_OBJECTS */
};

extern struct faults faults;
extern struct hooks fault_hooks;

int faults_set(const char *name, const char *value, const char **why);
int faults_poke(struct conn *c, const char *what);
int parse_errno(const char *s, int *status);
bool mode_listed(const char *list, uint32_t width, uint32_t height);

/* ---- copies.c ---- */
struct frame {
	uint8_t *data;
	size_t room;
	bool valid;
	uint32_t width, height, pitch;
	const struct format *fmt;
};

const struct frame *copies_shown(const struct conn *c);
int copies_edid(const char *which, const char *file, const char **why);
void copies_free(void);

/* ---- pictures.c ---- */
int picture_folder(const char *dir);
int picture_png(struct conn *c, const char *file, const char **why);
pid_t picture_fork(struct conn *c, const char *file);
int picture_raw(struct conn *c, const char *file, const char **why);
void view_all(const char *dir);

/* ---- log.c ---- */
int log_open(const char *file);
uint64_t violations_count(void);
void violations_print(FILE *out);
void violations_clear(void);

/* ---- control.c ---- */
#define CONTROL_CLIENTS	8
int control_open(const char *path, const char *pictures, const char *views);
void control_close(void);
int control_fds(int *fds, int max);
void control_ready(int fd);
int control_send(const char *path, const char *cmd);
int set_option(const char *name, const char *value, const char **why);

/* ---- main.c ---- */
extern bool quit;

#endif /* XDF_TESTS_H */
