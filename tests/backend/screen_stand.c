// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A screen without Xen, for viewers: commands on standard input draw and change
 * the size, what viewers say is printed.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/backend/screen.h"

/* What a library has for the journal, libgcrypt for one, the test reads instead. */
void __syslog_chk(int priority, int flag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void __syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)flag;
	fprintf(stderr, "syslog %d: ", priority);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static struct screen screen = { .title = "stand" };
static uint32_t *picture, width, height;
static struct watch commands;
static FILE *in;

static const uint32_t *lines(void *data, uint32_t y, uint32_t *count)
{
	(void)data;
	(void)count;
	return picture + (size_t)y * width;
}

static void joined(struct screen *s)
{
	screen_show(s, lines, NULL);
	printf("joined %u\n", s->count);
}

static void left(struct screen *s, struct viewer *v)
{
	(void)v;
	printf("left %u\n", s->count);
}

static void said(struct screen *s, struct viewer *v, const struct viewer_message *m)
{
	(void)s;
	(void)v;
	switch (m->type) {
	case VIEWER_SCANCODE:
		printf("scancode %x %u\n", m->key.code, m->key.down);
		break;
	case VIEWER_KEYSYM:
		printf("keysym %x %u\n", m->key.code, m->key.down);
		break;
	case VIEWER_POINTER:
		printf("pointer %u %u %x of %ux%u\n", m->pointer.x, m->pointer.y,
		       m->pointer.buttons, m->pointer.width, m->pointer.height);
		break;
	case VIEWER_RESIZE:
		printf("resize %ux%u\n", m->resize.width, m->resize.height);
		break;
	default:
		printf("message %u\n", m->type);
	}
}

static void draw(uint32_t x, uint32_t y, uint32_t w, uint32_t h, uint32_t color)
{
	uint32_t i, j;

	for (j = y; j < y + h && j < height; j++)
		for (i = x; i < x + w && i < width; i++)
			picture[(size_t)j * width + i] = color;
}

static void fill(uint32_t x, uint32_t y, uint32_t w, uint32_t h, uint32_t color)
{
	draw(x, y, w, h, color);
	screen_show(&screen, lines, NULL);
}

static void size(uint32_t w, uint32_t h)
{
	width = w;
	height = h;
	picture = realloc(picture, (size_t)w * h * 4);
	memset(picture, 0, (size_t)w * h * 4);
	if (screen_size(&screen, w, h))
		exit(1);
}

static void command(struct watch *w)
{
	unsigned int x, y, a, b, color;
	char text[200];

	(void)w;
	if (!fgets(text, sizeof(text), in)) {
		screen_close(&screen);
		exit(0);
	}
	if (sscanf(text, "fill %u %u %u %u %x", &x, &y, &a, &b, &color) == 5)
		fill(x, y, a, b, color);
	else if (sscanf(text, "draw %u %u %u %u %x", &x, &y, &a, &b, &color) == 5)
		draw(x, y, a, b, color);
	else if (sscanf(text, "size %u %u", &x, &y) == 2)
		size(x, y);
	printf("done %s", text);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--viewer"))
		return viewer_main(argv[2]);
	if (argc < 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	screen.joined = joined;
	screen.said = said;
	screen.left = left;
	if (argc > 3)
		snprintf(screen.password, sizeof(screen.password), "%s", argv[3]);
	if (loop_open() || screen_open(&screen, argv[1], -1) ||
	    screen_open_tcp(&screen, "127.0.0.1", atoi(argv[2])))
		return 1;
	size(640, 480);
	in = fdopen(0, "r");
	setvbuf(in, NULL, _IONBF, 0);
	commands.fd = 0;
	commands.ready = command;
	if (loop_add(&commands))
		return 1;
	printf("ready\n");
	while (loop_wait(-1) >= 0)
		;
	return 1;
}
