// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * libxenstore's functions on a file: lines of path, value and permissions, in
 * $XS_STAND, which is written again when a transaction ends well. $XS_FAIL says
 * how often a transaction is to collide, or that all is forbidden ("EACCES").
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#define NODES	256

static struct node {
	char path[128], value[64], perms[64];
} node[NODES];
static unsigned int count, collisions;

static int load(void)
{
	FILE *in = fopen(getenv("XS_STAND"), "r");
	char line[300];

	count = 0;
	if (!in)
		return -1;
	while (fgets(line, sizeof(line), in))
		if (sscanf(line, "%127s %63[^ ] %63s", node[count].path, node[count].value,
			   node[count].perms) >= 2)
			count++;
	fclose(in);
	return 0;
}

static struct node *find(const char *path)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!strcmp(node[i].path, path))
			return &node[i];
	return NULL;
}

static struct node *make(const char *path)
{
	struct node *n = find(path), *above;
	char dir[128];

	if (n || count == NODES)
		return n;
	n = &node[count++];
	memset(n, 0, sizeof(*n));
	snprintf(n->path, sizeof(n->path), "%s", path);
	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	above = *dir ? make(dir) : NULL;
	strcpy(n->value, "''");
	strcpy(n->perms, above ? above->perms : "n0");
	return n;
}

struct xs_handle *xs_open(unsigned long flags)
{
	const char *fail = getenv("XS_FAIL");

	(void)flags;
	if (fail && !strcmp(fail, "open")) {
		errno = EACCES;
		return NULL;
	}
	collisions = fail ? atoi(fail) : 0;
	return load() ? NULL : (struct xs_handle *)node;
}

void xs_close(struct xs_handle *h)
{
	(void)h;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len)
{
	const char *full = !strcmp(path, "domid") ? "/self/domid" : path;
	struct node *n = find(full);

	(void)h;
	(void)t;
	errno = ENOENT;
	if (!n)
		return NULL;
	*len = strlen(n->value);
	return strdup(n->value);
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *num)
{
	char **names = calloc(1, NODES * (sizeof(char *) + 64)), *text;
	size_t len = strlen(path), k;
	unsigned int i, j;
	bool any = find(path);

	(void)h;
	(void)t;
	text = (char *)(names + NODES);
	*num = 0;
	for (i = 0; i < count; i++) {
		if (strncmp(node[i].path, path, len) || node[i].path[len] != '/')
			continue;
		any = true;
		k = strcspn(node[i].path + len + 1, "/");
		for (j = 0; j < *num; j++)
			if (strlen(names[j]) == k && !strncmp(names[j], node[i].path + len + 1, k))
				break;
		if (j < *num)
			continue;
		names[*num] = text + *num * 64;
		memcpy(names[(*num)++], node[i].path + len + 1, k);
	}
	if (any)
		return names;
	free(names);
	errno = ENOENT;
	return NULL;
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
	(void)h;
	return 7;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
	unsigned int i;
	FILE *out;

	(void)h;
	(void)t;
	if (abort)
		return load() == 0;
	if (collisions) {
		collisions--;
		load();
		errno = EAGAIN;
		return false;
	}
	out = fopen(getenv("XS_STAND"), "w");
	for (i = 0; i < count; i++)
		fprintf(out, "%s %s %s\n", node[i].path, node[i].value, node[i].perms);
	return fclose(out) == 0;
}

static bool forbidden(void)
{
	const char *fail = getenv("XS_FAIL");

	errno = EACCES;
	return fail && !strcmp(fail, "EACCES");
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data,
	      unsigned int len)
{
	struct node *n;

	(void)h;
	/* the program is to write nothing without */
	if (t != 7 || forbidden())
		return false;
	n = make(path);
	snprintf(n->value, sizeof(n->value), "%.*s", (int)len, (const char *)data);
	return true;
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	(void)h;
	return t == 7 && !forbidden() && make(path);
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
			struct xs_permissions *perms, unsigned int num)
{
	struct node *n = find(path);
	unsigned int i;
	size_t at = 0;

	(void)h;
	if (t != 7 || !n)
		return false;
	for (i = 0; i < num; i++)
		at += snprintf(n->perms + at, sizeof(n->perms) - at, "%s%s%u", i ? "," : "",
			       perms[i].perms == XS_PERM_NONE ? "n" :
			       perms[i].perms == XS_PERM_READ ? "r" : "?", perms[i].id);
	return true;
}
