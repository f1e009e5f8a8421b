// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A keyboard with pointer for a guest that runs: the same nodes as the toolstack
 * makes of vkb=, which xl before 4.19 does not for HVM guests, and no xl does for
 * one that runs. The copy in /libxl has the toolstack take it away again.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xenstore.h>

#include "command.h"
#include "input.h"

#define PATH_LEN	128
#define DEVICES		16
#define TRIES		100

/* Of guests: numbers from here on have a meaning of their own. */
#define DOMID_RESERVED	0x7ff0

static struct xs_handle *xs;

static char *read_node(xs_transaction_t t, const char *path)
{
	unsigned int len;

	return xs_read(xs, t, path, &len);
}

static bool read_domid(const char *s, uint32_t *domid)
{
	unsigned long v;
	char *end;

	if (!s || *s < '0' || *s > '9')
		return false;
	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno || *end || v >= DOMID_RESERVED)
		return false;
	*domid = v;
	return true;
}

/* ---- which guest ---- */

static bool is_named(const char *domid, const char *name)
{
	char path[PATH_LEN], *has;
	bool same;

	snprintf(path, sizeof(path), "/local/domain/%.8s/name", domid);
	has = read_node(XBT_NULL, path);
	same = has && !strcmp(has, name);
	free(has);
	return same;
}

static int find_guest(const char *name, uint32_t *domid)
{
	unsigned int n, i, found = 0;
	char **ids;

	ids = xs_directory(xs, XBT_NULL, "/local/domain", &n);
	for (i = 0; ids && i < n; i++)
		if (is_named(ids[i], name) && read_domid(ids[i], domid))
			found++;
	/* a name wins; the number is what is left where names are doubled */
	for (i = 0; ids && i < n && !found; i++)
		if (!strcmp(ids[i], name) && read_domid(name, domid))
			found++;
	free(ids);
	if (found > 1)
		return fail("%u guests are named \"%s\": give the number of xl list instead",
			    found, name);
	if (!found)
		return fail("no guest \"%s\" is running; xl list shows those that are", name);
	if (*domid == 0)
		return fail("\"%s\" is this domain, which has its keyboard", name);
	return DONE;
}

/* ---- its device ---- */

struct device {
	uint32_t domid, devid, backend;
	char fe[PATH_LEN], be[PATH_LEN], copy[PATH_LEN];
};

static void name_device(struct device *d, uint32_t devid)
{
	d->devid = devid;
	snprintf(d->fe, sizeof(d->fe), "/local/domain/%u/device/vkbd/%u", d->domid, devid);
	snprintf(d->be, sizeof(d->be), "/local/domain/%u/backend/vinput/%u/%u", d->backend,
		 d->domid, devid);
	snprintf(d->copy, sizeof(d->copy), "/libxl/%u/device/vkbd/%u", d->domid, devid);
}

static bool is_there(xs_transaction_t t, const char *path)
{
	unsigned int n;
	char **names = xs_directory(xs, t, path, &n);

	free(names);
	return names;
}

/* Return whether there is a number left; QEMU's keyboard has one as well. */
static bool choose_device(xs_transaction_t t, struct device *d)
{
	uint32_t i;

	for (i = 0; i < DEVICES; i++) {
		name_device(d, i);
		if (!is_there(t, d->fe) && !is_there(t, d->be) && !is_there(t, d->copy))
			return true;
	}
	return false;
}

static bool has_device(xs_transaction_t t, const struct device *d)
{
	char path[PATH_LEN], **ids;
	unsigned int n = 0;

	snprintf(path, sizeof(path), "/local/domain/%u/backend/vinput/%u", d->backend,
		 d->domid);
	ids = xs_directory(xs, t, path, &n);
	free(ids);
	return ids && n;
}

static bool put(xs_transaction_t t, const char *dir, const char *node, const char *value)
{
	char path[PATH_LEN + 32];

	snprintf(path, sizeof(path), "%s/%s", dir, node);
	return xs_write(xs, t, path, value, strlen(value));
}

static bool put_number(xs_transaction_t t, const char *dir, const char *node, uint32_t value)
{
	char text[12];

	snprintf(text, sizeof(text), "%u", value);
	return put(t, dir, node, text);
}

/* A directory of one end, which the other may read. */
static bool make_dir(xs_transaction_t t, const char *dir, uint32_t owner, uint32_t reader)
{
	struct xs_permissions perms[2] = {
		{ .id = owner, .perms = XS_PERM_NONE },
		{ .id = reader, .perms = XS_PERM_READ },
	};

	return xs_mkdir(xs, t, dir) && xs_set_permissions(xs, t, dir, perms, 2);
}

/* What is written below takes its directory's permissions. */
static bool put_backend(xs_transaction_t t, const char *dir, const struct device *d)
{
	return put(t, dir, "frontend", d->fe) &&
	       put_number(t, dir, "frontend-id", d->domid) &&
	       put(t, dir, "online", "1") &&
	       put(t, dir, "state", "1") &&
	       put(t, dir, "feature-abs-pointer", "1") &&
	       put_number(t, dir, "width", INPUT_RANGE) &&
	       put_number(t, dir, "height", INPUT_RANGE);
}

static bool put_device(xs_transaction_t t, const struct device *d)
{
	return xs_mkdir(xs, t, d->copy) &&
	       put(t, d->copy, "backend", d->be) &&
	       put_backend(t, d->copy, d) &&
	       make_dir(t, d->fe, d->domid, d->backend) &&
	       put(t, d->fe, "backend", d->be) &&
	       put_number(t, d->fe, "backend-id", d->backend) &&
	       put(t, d->fe, "state", "1") &&
	       make_dir(t, d->be, d->backend, d->domid) &&
	       put_backend(t, d->be, d);
}

/* Return 0, or an errno: EAGAIN when others wrote meanwhile. */
static int try_device(struct device *d)
{
	xs_transaction_t t = xs_transaction_start(xs);
	int err = 0;

	if (t == XBT_NULL)
		return errno;
	if (has_device(t, d))
		err = EEXIST;
	else if (!choose_device(t, d))
		err = ENOSPC;
	else if (!put_device(t, d))
		err = errno ? errno : EIO;
	if (err) {
		xs_transaction_end(xs, t, true);
		return err;
	}
	return xs_transaction_end(xs, t, false) ? 0 : errno;
}

static int add_device(const char *guest, struct device *d)
{
	int err, tries = 0;

	do {
		err = try_device(d);
	} while (err == EAGAIN && ++tries < TRIES);
	switch (err) {
	case 0:
		printf("%s has a keyboard and a pointer now: vkb %u of domain %u\n", guest,
		       d->devid, d->domid);
		return DONE;
	case EEXIST:
		printf("%s has a keyboard and a pointer already\n", guest);
		return DONE;
	case EACCES:
		return fail("XenStore does not let this domain give a guest devices: run this in dom0");
	case ENOSPC:
		return fail("%s has as many keyboards as there can be", guest);
	default:
		return fail("cannot write to XenStore: %s", strerror(err));
	}
}

/**
 * add_input - give a running guest a keyboard with pointer
 * @guest: its name, or its number
 *
 * Return: an exit status; what went wrong was said.
 */
int add_input(const char *guest)
{
	struct device d = { 0 };
	char *own;
	int ret;

	xs = xs_open(0);
	if (!xs && (errno == EACCES || errno == EPERM))
		return fail("add-input needs root");
	if (!xs)
		return fail("cannot reach XenStore (%s): is this dom0, and does xenstored run?",
			    strerror(errno));
	own = read_node(XBT_NULL, "domid");
	/* xenstored knows dom0 without being told */
	if (own && !read_domid(own, &d.backend))
		d.backend = 0;
	free(own);
	ret = find_guest(guest, &d.domid);
	if (!ret)
		ret = add_device(guest, &d);
	xs_close(xs);
	return ret;
}
