// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * changes KIND COUNT MS: in a guest, changes the picture of /dev/fb0 COUNT times,
 * one each MS milliseconds, and marks each, which count.c sees.
 */
#include <fcntl.h>
#include <linux/fb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mark.h"

#define LINE	16

static struct fb_var_screeninfo var;
static struct fb_fix_screeninfo fix;
static uint8_t *fb;

static uint32_t *at(uint32_t x, uint32_t y)
{
	return (uint32_t *)(fb + (size_t)y * fix.line_length) + x;
}

/* The same as in screens. */
static uint32_t colour(uint32_t n)
{
	return (n * 0x9e3779b1u >> 8) | 0x404040;
}

static void box(uint32_t x0, uint32_t y0, uint32_t w, uint32_t h, uint32_t n)
{
	uint32_t x, y;

	for (y = y0; y < y0 + h; y++)
		for (x = x0; x < x0 + w; x++)
			*at(x, y) = colour(n);
}

/* Up by a line, and below a new one of something like letters. */
static void scroll(uint32_t n)
{
	uint32_t x, y, top = var.yres - LINE;

	memmove(at(0, 0), at(0, LINE), (size_t)top * fix.line_length);
	for (y = 0; y < LINE; y++)
		for (x = 0; x < var.xres; x++)
			*at(x, top + y) = (x * 7 + y * 13 + n * 31) & 12 ? 0 : colour(n);
}

static void full(uint32_t n)
{
	uint32_t x, y;

	for (y = 0; y < var.yres; y++)
		for (x = 0; x < var.xres; x++)
			*at(x, y) = colour(n) ^ ((x ^ y) & 0x3f);
}

int main(int argc, char **argv)
{
	struct timespec next;
	uint32_t n;
	int fd, ms;

	if (argc != 4)
		return 2;
	fd = open("/dev/fb0", O_RDWR);
	if (fd < 0 || ioctl(fd, FBIOGET_VSCREENINFO, &var) || ioctl(fd, FBIOGET_FSCREENINFO, &fix))
		return 1;
	fb = mmap(NULL, (size_t)fix.line_length * var.yres, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fb == MAP_FAILED || mark_init() || var.bits_per_pixel != 32)
		return 1;
	ms = atoi(argv[3]);
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (n = 1; n <= (uint32_t)atoi(argv[2]); n++) {
		switch (*argv[1]) {
		case 'c':
			box(100, 100, 8, LINE, n);
			break;
		case 'b':
			box(300, 200, 64, 64, n);
			break;
		case 's':
			scroll(n);
			break;
		case 'f':
			full(n);
			break;
		}
		mark(MARK_POINT);
		next.tv_nsec += ms % 1000 * 1000000;
		next.tv_sec += ms / 1000 + next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	/* what it says at its end is not to be counted */
	sleep(5);
	printf("size=%ux%u\n", var.xres, var.yres);
	return 0;
}
