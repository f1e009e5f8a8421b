// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#include "backend.h"
#include "xenstore.h"

/* A write that races with others is tried so often. */
#define TRIES	100

static struct xs_handle *xs;

/* Return 0, or -1, which is logged. */
int xenstore_open(void)
{
	xs = xs_open(0);
	if (xs)
		return 0;
	log_error("no XenStore: %s. Is xenstored running, and may you open its socket or /dev/xen/xenbus?",
		  strerror(errno));
	return -1;
}

void xenstore_close(void)
{
	if (xs)
		xs_close(xs);
	xs = NULL;
}

int xenstore_fd(void)
{
	return xs_fileno(xs);
}

/* All that came from watches is taken; returns whether there was any. */
bool xenstore_drain(void)
{
	bool any = false;
	char **w;

	while ((w = xs_check_watch(xs))) {
		free(w);
		any = true;
	}
	return any;
}

/* Return this domain's number, or -ENOENT. */
int xenstore_domid(void)
{
	unsigned int len;
	char *own = xs_read(xs, XBT_NULL, "domid", &len);
	uint32_t id;
	bool ok = own && parse_number(own, 0x7fef, &id);

	free(own);
	return ok ? (int)id : -ENOENT;
}

static void join(char *path, const char *dir, const char *node)
{
	snprintf(path, XENSTORE_PATH, "%.400s/%.64s", dir, node);
}

char *xenstore_read(const char *dir, const char *node)
{
	char path[XENSTORE_PATH];
	unsigned int len;

	join(path, dir, node);
	return xs_read(xs, XBT_NULL, path, &len);
}

bool xenstore_number(const char *dir, const char *node, uint32_t max, uint32_t *val)
{
	char *s = xenstore_read(dir, node);
	bool ok = s && parse_number(s, max, val);

	free(s);
	return ok;
}

int xenstore_state(const char *dir)
{
	uint32_t v;

	return xenstore_number(dir, "state", 8, &v) ? (int)v : ST_NONE;
}

char **xenstore_list(const char *dir, unsigned int *count)
{
	return xs_directory(xs, XBT_NULL, dir, count);
}

/**
 * xenstore_write_guarded - write into a directory that may vanish
 * @dir: the directory
 * @guard: a node that is there as long as the toolstack wants it to be
 * @node: to be written
 * @value: to be written
 *
 * A plain write would bring back a directory that was just removed.
 *
 * Return: whether it was written.
 */
bool xenstore_write_guarded(const char *dir, const char *guard, const char *node,
			    const char *value)
{
	char path[XENSTORE_PATH], there[XENSTORE_PATH];
	unsigned int len, tries;

	join(path, dir, node);
	join(there, dir, guard);
	for (tries = 0; tries < TRIES; tries++) {
		xs_transaction_t t = xs_transaction_start(xs);
		char *g;
		bool ok;

		if (t == XBT_NULL)
			return false;
		g = xs_read(xs, t, there, &len);
		ok = g && xs_write(xs, t, path, value, strlen(value));
		free(g);
		if (!ok) {
			xs_transaction_end(xs, t, true);
			return false;
		}
		if (xs_transaction_end(xs, t, false))
			return true;
		if (errno != EAGAIN)
			return false;
	}
	return false;
}

void xenstore_remove(const char *dir, const char *node)
{
	char path[XENSTORE_PATH];

	join(path, dir, node);
	xs_rm(xs, XBT_NULL, path);
}

int xenstore_watch(const char *path, const char *token)
{
	return xs_watch(xs, path, token) ? 0 : -errno;
}

void xenstore_unwatch(const char *path, const char *token)
{
	xs_unwatch(xs, path, token);
}

/**
 * xenstore_frontend - the other end's directory
 * @backend: our directory of the device
 * @domid: of the guest
 *
 * Return: the directory, to be freed; NULL when it is not complete yet or not
 * one of that guest's, which is said.
 */
char *xenstore_frontend(const char *backend, uint32_t domid)
{
	char *fe = xenstore_read(backend, "frontend"), want[64], text[64];
	uint32_t id;

	/* half written by the toolstack: its next write fires our watch */
	if (!fe)
		return NULL;
	snprintf(want, sizeof(want), "/local/domain/%u/", domid);
	if (!strncmp(fe, want, strlen(want)) && strlen(fe) <= 256 &&
	    xenstore_number(backend, "frontend-id", 0x7fef, &id) && id == domid)
		return fe;
	log_note("what=frontend path=%s text=\"%s is not a directory of domain %u\"",
		 backend, printable(fe, text, sizeof(text)), domid);
	free(fe);
	return NULL;
}
