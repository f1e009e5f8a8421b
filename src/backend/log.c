// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Lines for the journal: what somebody wants to know, with its priority. */
#include <stdarg.h>
#include <string.h>

#include "backend.h"
#include "say.h"

/* Of one process; a guest must not fill the journal. */
#define LINES		20
#define LINES_NS	(10 * NSEC)

#define WARNING		4
#define INFO		6

static char who[SAY_NAME] = "xen-display-backend";
static struct {
	uint64_t since;
	unsigned int lines, left_out;
} limit;

/* From here on lines begin with the guest's name. */
void say_name(const char *guest)
{
	snprintf(who, sizeof(who), "guest %s", guest);
}

static void line(int priority, const char *text)
{
	uint64_t now = now_ns();

	if (now - limit.since > LINES_NS || !limit.since) {
		if (limit.left_out)
			fprintf(stderr, "<%d>%s: %u more lines were left out\n",
				WARNING, who, limit.left_out);
		limit.since = now;
		limit.lines = 0;
		limit.left_out = 0;
	}
	if (limit.lines == LINES) {
		limit.left_out++;
		return;
	}
	limit.lines++;
	fprintf(stderr, "<%d>%s%s\n", priority, who, text);
}

/*
 * The files that the tests share say things as NAME=VALUE; what is for people
 * is the value of text.
 */
static void line_of(const char *where, const char *kind, const char *fmt, va_list ap)
{
	char text[640], out[800], *from, *end;

	vsnprintf(text, sizeof(text), fmt, ap);
	from = strstr(text, "text=\"");
	if (!from)
		return;
	from += strlen("text=\"");
	end = strrchr(from, '"');
	if (end)
		*end = '\0';
	if (!*from)
		return;
	snprintf(out, sizeof(out), "%s: %s%s", where, from,
		 strcmp(kind, "VIOLATION") ? "" : " (a fault of the guest's driver)");
	line(strcmp(kind, "VIOLATION") ? INFO : WARNING, out);
}

void log_conn(const struct conn *c, const char *kind, const char *fmt, ...)
{
	char where[64];
	va_list ap;

	snprintf(where, sizeof(where), ", connector %u", c->index);
	va_start(ap, fmt);
	line_of(where, kind, fmt, ap);
	va_end(ap);
}

void log_dev(const struct dev *d, const char *kind, const char *fmt, ...)
{
	va_list ap;

	(void)d;
	va_start(ap, fmt);
	line_of("", kind, fmt, ap);
	va_end(ap);
}

void log_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line_of("", "NOTE", fmt, ap);
	va_end(ap);
}

void log_error(const char *fmt, ...)
{
	char text[640];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "<3>%s: %s\n", who, text);
}

void say(const char *fmt, ...)
{
	char text[640] = ": ";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + 2, sizeof(text) - 2, fmt, ap);
	va_end(ap);
	line(INFO, text);
}

void say_conn(const struct conn *c, const char *fmt, ...)
{
	char text[640], *p = text;
	va_list ap;

	p += sprintf(p, ", connector %u: ", c->index);
	va_start(ap, fmt);
	vsnprintf(p, text + sizeof(text) - p, fmt, ap);
	va_end(ap);
	line(INFO, text);
}

void violation(const struct conn *c, const char *what, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	(void)what;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* rings that an earlier run of ours had: not the guest's fault */
	if (!c->dev->stale)
		log_conn(c, "VIOLATION", "text=\"%s\"", text);
}
