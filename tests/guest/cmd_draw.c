// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Patterns on the screen, by mode setting and through the fbdev device. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <linux/kd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xdf-guest.h"

int cmd_pattern(const struct opts *o)
{
	unsigned int w = o->width ?: 800, h = o->height ?: 600;
	size_t len = (size_t)w * format_cpp(o->format);
	uint8_t *row = malloc(len);
	uint32_t crc = 0;

	if (!row)
		return fail("no memory for a row of %zu bytes", len);
	for (unsigned int y = 0; y < h; y++) {
		if (o->bars)
			bars_row(row, o->format, w);
		else
			pattern_row(row, len, o->seed, y);
		crc = crc32_add(crc, row, len);
	}
	free(row);
	say("crc=%08x", crc);
	return 0;
}

static uint32_t crc_part(const struct buf *b, uint32_t x, uint32_t y, uint32_t width,
			 uint32_t height)
{
	unsigned int cpp = format_cpp(b->format);
	uint32_t crc = 0;

	for (uint32_t end = y + height; y < end; y++)
		crc = crc32_add(crc, b->map + (size_t)y * b->pitch + x * cpp, width * cpp);
	return crc;
}

int cmd_draw(const struct opts *o)
{
	struct buf bufs[MAX_OUTPUTS];
	struct card c;

	card_open(&c, o);
	card_outputs(&c, o);

	for (int i = 0; i < c.noutputs; i++) {
		struct output *h = &c.outputs[i];
		struct buf *b = &bufs[i];
		uint32_t crc;
		int ret;

		ret = buf_create(&c, b, h->mode.hdisplay + 2 * o->around,
				 h->mode.vdisplay + 2 * o->around, o->format, o->pad);
		if (ret)
			return fail("buffer %ux%u %s: %s", h->mode.hdisplay, h->mode.vdisplay,
				    format_str(o->format), strerror(-ret));
		crc = buf_fill(b, o, o->seed + h->index);
		if (o->around) {
			crc = crc_part(b, o->around, o->around, h->mode.hdisplay,
				       h->mode.vdisplay);
			ret = output_set_around(&c, h, b->fb, o->around);
		} else {
			ret = o->atomic ? output_set_atomic(&c, h, b->fb) : output_set(&c, h, b->fb);
		}
		if (ret)
			return fail("connector %d: setting the mode %s: %s", h->index,
				    h->mode.name, strerror(-ret));
		say("conn%d.mode=%ux%u", h->index, b->width, b->height);
		say("conn%d.pitch=%u", h->index, b->pitch);
		say("conn%d.size=%llu", h->index, (unsigned long long)b->size);
		say("conn%d.crc=%08x", h->index, crc);
	}

	if (o->hold) {
		hold_in_background();
	} else {
		sleep_ms(o->seconds * 1000);
		for (int i = 0; i < c.noutputs; i++) {
			int ret = output_off(&c, &c.outputs[i]);

			if (ret)
				return fail("connector %d: switching off: %s",
					    c.outputs[i].index, strerror(-ret));
			buf_destroy(&c, &bufs[i]);
		}
	}
	card_close(&c);
	return 0;
}

int cmd_pan(const struct opts *o)
{
	unsigned int count = o->count ?: 100;
	struct output *h;
	sigset_t go;
	struct card c;
	struct buf b;
	int ret, sig;

	sigemptyset(&go);
	sigaddset(&go, SIGUSR1);
	sigprocmask(SIG_BLOCK, &go, NULL);
	card_open(&c, o);
	card_outputs(&c, o);
	h = &c.outputs[0];
	ret = buf_create(&c, &b, h->mode.hdisplay + count, h->mode.vdisplay, o->format, o->pad);
	if (ret)
		return fail("buffer for %u positions: %s", count, strerror(-ret));
	buf_fill(&b, o, o->seed);
	for (unsigned int x = 0; x <= count; x++) {
		if (drmModeSetCrtc(c.fd, h->crtc, b.fb, x, 0, &h->conn, 1, &h->mode))
			return fail("position %u of %u: %s", x, count, strerror(errno));
		if (x)
			continue;
		say("first_crc=%08x", crc_part(&b, 0, 0, h->mode.hdisplay, h->mode.vdisplay));
		if (o->wait)
			sigwait(&go, &sig);
	}
	say("crc=%08x", crc_part(&b, count, 0, h->mode.hdisplay, h->mode.vdisplay));
	if (o->hold)
		hold_in_background();
	sleep_ms(o->seconds * 1000);
	output_off(&c, h);
	buf_destroy(&c, &b);
	card_close(&c);
	return 0;
}

int cmd_fbdev(const struct opts *o)
{
	struct fb_var_screeninfo var;
	struct fb_fix_screeninfo fix;
	uint32_t crc = 0;
	uint8_t *map;
	size_t len;
	int fd, tty;

	fd = open("/dev/fb0", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail("/dev/fb0: %s; the driver registered no fbdev console",
			    strerror(errno));
	if (ioctl(fd, FBIOGET_VSCREENINFO, &var) || ioctl(fd, FBIOGET_FSCREENINFO, &fix))
		return fail("/dev/fb0: no screen information: %s", strerror(errno));

	/* Else the cursor blinks into the picture. */
	tty = open("/dev/tty0", O_RDWR | O_CLOEXEC);
	if (tty < 0 || ioctl(tty, KDSETMODE, KD_GRAPHICS))
		say("note=the text console could not be stopped: %s", strerror(errno));

	len = (size_t)fix.line_length * var.yres;
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return fail("/dev/fb0: mmap of %zu bytes: %s", len, strerror(errno));

	for (unsigned int y = 0; y < var.yres; y++) {
		uint8_t *row = map + (size_t)y * fix.line_length;
		size_t bytes = (size_t)var.xres * var.bits_per_pixel / 8;

		if (o->bars)
			bars_row(row, o->format, var.xres);
		else
			pattern_row(row, bytes, o->seed, y);
		crc = crc32_add(crc, row, bytes);
	}
	say("id=%s", fix.id);
	say("mode=%ux%u", var.xres, var.yres);
	say("bpp=%u", var.bits_per_pixel);
	say("pitch=%u", fix.line_length);
	say("crc=%08x", crc);

	if (o->hold)
		hold_in_background();
	/* The mapping is flushed some time after the last write. */
	sleep_ms(o->seconds ? o->seconds * 1000 : 500);
	if (tty >= 0)
		ioctl(tty, KDSETMODE, KD_TEXT);
	return 0;
}
