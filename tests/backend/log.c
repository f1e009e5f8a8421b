// SPDX-License-Identifier: GPL-2.0 OR MIT
/* One line per message, and the list of the frontend's violations. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

#define KEPT	1000

static FILE *out;
static uint64_t nviolations;
static char *kept[KEPT];

int log_open(const char *file)
{
	out = stdout;
	if (file) {
		out = fopen(file, "ae");
		if (!out) {
			fprintf(stderr, "xdf-backend: cannot open log %s: %s\n",
				file, strerror(errno));
			out = stdout;
			return -1;
		}
	}
	setvbuf(out, NULL, _IOLBF, 0);
	return 0;
}

static void line(const char *who, const char *kind, const char *fmt,
		 va_list ap)
{
	uint64_t t = now_ns();
	char text[640];

	vsnprintf(text, sizeof(text), fmt, ap);
	fprintf(out ? out : stdout, "%llu.%06llu %s %s %s\n",
		(unsigned long long)(t / NSEC),
		(unsigned long long)(t % NSEC / 1000), who, kind, text);
}

static void conn_name(const struct conn *c, char *buf, size_t len)
{
	snprintf(buf, len, "dom%u/dev%u/conn%u", c->dev->domid, c->dev->devid,
		 c->index);
}

void log_conn(const struct conn *c, const char *kind, const char *fmt, ...)
{
	char who[64];
	va_list ap;

	conn_name(c, who, sizeof(who));
	va_start(ap, fmt);
	line(who, kind, fmt, ap);
	va_end(ap);
}

void log_dev(const struct dev *d, const char *kind, const char *fmt, ...)
{
	char who[64];
	va_list ap;

	snprintf(who, sizeof(who), "dom%u/dev%u", d->domid, d->devid);
	va_start(ap, fmt);
	line(who, kind, fmt, ap);
	va_end(ap);
}

/* What ends the program. */
void log_error(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "xdf-backend: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
}

void log_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line("-", "NOTE", fmt, ap);
	va_end(ap);
}

void violation(const struct conn *c, const char *what, const char *fmt, ...)
{
	char text[400], entry[512], who[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Rings of a connection that an earlier backend had: not its fault. */
	if (c->dev->stale) {
		log_conn(c, "NOTE", "what=%s stale=1 text=\"%s\"", what, text);
		return;
	}
	log_conn(c, "VIOLATION", "what=%s text=\"%s\"", what, text);
	conn_name(c, who, sizeof(who));
	snprintf(entry, sizeof(entry), "%s what=%s text=\"%s\"", who, what,
		 text);
	if (nviolations < KEPT)
		kept[nviolations] = strdup(entry);
	nviolations++;
}

uint64_t violations_count(void)
{
	return nviolations;
}

void violations_print(FILE *f)
{
	uint64_t i;

	for (i = 0; i < nviolations && i < KEPT; i++)
		if (kept[i])
			fprintf(f, "%s\n", kept[i]);
	if (nviolations > KEPT)
		fprintf(f, "- what=more text=\"%llu more\"\n",
			(unsigned long long)(nviolations - KEPT));
}

void violations_clear(void)
{
	uint64_t i;

	for (i = 0; i < nviolations && i < KEPT; i++) {
		free(kept[i]);
		kept[i] = NULL;
	}
	nviolations = 0;
}
