// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A buffer of another card's, shown by the first. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xdf-guest.h"

static int other_card(const char *driver, const char *not_this)
{
	for (int i = 0; i < 16; i++) {
		char path[32];
		drmVersionPtr v;
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		if (!strcmp(path, not_this))
			continue;
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		v = drmGetVersion(fd);
		if (v && !strcmp(v->name, driver)) {
			drmFreeVersion(v);
			return fd;
		}
		drmFreeVersion(v);
		close(fd);
	}
	die("no other card of the driver %s below /dev/dri; is it loaded?", driver);
}

/* The other driver's buffer with a framebuffer of the card on it. */
static void import(struct card *c, int other, struct buf *b, const struct opts *o)
{
	struct drm_mode_create_dumb create = {
		.width = c->heads[0].mode.hdisplay + o->pad,
		.height = c->heads[0].mode.vdisplay,
		.bpp = format_cpp(o->format) * 8,
	};
	struct drm_mode_map_dumb map = { 0 };
	uint32_t handles[4] = { 0 }, pitches[4] = { 0 }, offsets[4] = { 0 };
	int dmabuf;

	memset(b, 0, sizeof(*b));
	if (drmIoctl(other, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		die("the other driver makes no buffer: %s", strerror(errno));
	if (drmPrimeHandleToFD(other, create.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf))
		die("the other driver exports no buffer: %s", strerror(errno));
	if (drmPrimeFDToHandle(c->fd, dmabuf, &b->handle))
		die("importing: %s", strerror(errno));
	close(dmabuf);
	b->width = c->heads[0].mode.hdisplay;
	b->height = create.height;
	b->pitch = create.pitch;
	b->size = create.size;
	b->format = o->format;
	handles[0] = b->handle;
	pitches[0] = b->pitch;
	if (drmModeAddFB2(c->fd, b->width, b->height, b->format, handles, pitches, offsets,
			  &b->fb, 0))
		die("framebuffer on the import: %s", strerror(errno));
	map.handle = create.handle;
	if (drmIoctl(other, DRM_IOCTL_MODE_MAP_DUMB, &map))
		die("the other driver maps no buffer: %s", strerror(errno));
	b->map = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, other, map.offset);
	if (b->map == MAP_FAILED)
		die("mapping the other driver's buffer: %s", strerror(errno));
}

int cmd_import(const struct opts *o)
{
	struct card c;
	struct buf b;
	uint32_t crc;
	int ret, other;

	card_open(&c, o);
	card_heads(&c, o);
	other = other_card(o->from, c.path);
	import(&c, other, &b, o);

	/* shown, drawn to, and then said to be damaged */
	ret = head_set(&c, &c.heads[0], b.fb);
	if (ret)
		return fail("setting the mode: %s", strerror(-ret));
	crc = buf_fill(&b, o, o->seed);
	if (drmModeDirtyFB(c.fd, b.fb, NULL, 0))
		return fail("DIRTYFB: %s", strerror(errno));
	say("conn%d.pitch=%u", c.heads[0].index, b.pitch);
	say("conn%d.crc=%08x", c.heads[0].index, crc);
	if (o->hold)
		hold_in_background();
	card_close(&c);
	return 0;
}
