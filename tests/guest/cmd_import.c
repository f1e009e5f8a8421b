// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A buffer of another card's, or of a program's own memory, shown by the first. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
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

/* Whom the buffers are of: a card, or something else. */
static int open_other(const struct opts *o, const char *not_this)
{
	static const char * const devices[][2] = {
		{ "udmabuf", "/dev/udmabuf" }, { "exporter", "/dev/xdf-exporter" },
	};

	for (int i = 0; i < 2; i++) {
		int fd;

		if (strcmp(o->from, devices[i][0]))
			continue;
		fd = open(devices[i][1], O_RDWR | O_CLOEXEC);
		if (fd < 0)
			die("%s: %s", devices[i][1], strerror(errno));
		return fd;
	}
	return other_card(o->from, not_this);
}

/* A buffer of another card's as a dma-buf; mapped. */
static int other_dmabuf(int other, struct drm_mode_create_dumb *create, uint8_t **map)
{
	struct drm_mode_map_dumb map_dumb = { 0 };
	int dmabuf;

	if (drmIoctl(other, DRM_IOCTL_MODE_CREATE_DUMB, create))
		die("the other driver makes no buffer: %s", strerror(errno));
	if (drmPrimeHandleToFD(other, create->handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf))
		die("the other driver exports no buffer: %s", strerror(errno));
	map_dumb.handle = create->handle;
	if (drmIoctl(other, DRM_IOCTL_MODE_MAP_DUMB, &map_dumb))
		die("the other driver maps no buffer: %s", strerror(errno));
	*map = mmap(NULL, create->size, PROT_READ | PROT_WRITE, MAP_SHARED, other, map_dumb.offset);
	return dmabuf;
}

static void lay_out(struct drm_mode_create_dumb *create)
{
	create->pitch = create->width * create->bpp / 8;
	create->size = ((uint64_t)create->pitch * create->height + 4095) & ~4095ULL;
}

/* The same of the exporter of tests/lab. */
static int test_dmabuf(int exporter, struct drm_mode_create_dumb *create, uint8_t **map)
{
	int dmabuf;

	lay_out(create);
	dmabuf = ioctl(exporter, 0, create->size);
	if (dmabuf < 0)
		die("the exporter makes no buffer: %s", strerror(errno));
	*map = mmap(NULL, create->size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	return dmabuf;
}

/* The same of a program's own memory. */
static int memory_dmabuf(int udmabuf, struct drm_mode_create_dumb *create, uint8_t **map)
{
	struct udmabuf_create u = { .flags = UDMABUF_FLAGS_CLOEXEC };
	int fd = memfd_create("import", MFD_CLOEXEC | MFD_ALLOW_SEALING), dmabuf;

	lay_out(create);
	if (fd < 0 || ftruncate(fd, create->size) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		die("no memory to import: %s", strerror(errno));
	u.memfd = fd;
	u.size = create->size;
	dmabuf = ioctl(udmabuf, UDMABUF_CREATE, &u);
	if (dmabuf < 0)
		die("udmabuf makes no buffer: %s", strerror(errno));
	*map = mmap(NULL, create->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return dmabuf;
}

/* Somebody else's buffer with a framebuffer of the card on it. */
static void import(struct card *c, int other, struct buf *b, const struct opts *o)
{
	const drmModeModeInfo *mode = &c->outputs[0].mode;
	uint32_t width = o->buffer_width ?: mode->hdisplay;
	struct drm_mode_create_dumb create = {
		.width = width + o->pad,
		.height = o->buffer_height ?: mode->vdisplay,
		.bpp = format_cpp(o->format) * 8,
	};
	uint32_t handles[4] = { 0 }, pitches[4] = { 0 }, offsets[4] = { 0 };
	int dmabuf;

	memset(b, 0, sizeof(*b));
	if (!strcmp(o->from, "udmabuf"))
		dmabuf = memory_dmabuf(other, &create, &b->map);
	else if (!strcmp(o->from, "exporter"))
		dmabuf = test_dmabuf(other, &create, &b->map);
	else
		dmabuf = other_dmabuf(other, &create, &b->map);
	if (b->map == MAP_FAILED)
		die("mapping the buffer to import: %s", strerror(errno));
	if (drmPrimeFDToHandle(c->fd, dmabuf, &b->handle))
		die("importing: %s", strerror(errno));
	close(dmabuf);
	/* what is seen of it */
	b->width = mode->hdisplay;
	b->height = mode->vdisplay;
	b->pitch = create.pitch;
	b->size = create.size;
	b->format = o->format;
	handles[0] = b->handle;
	pitches[0] = b->pitch;
	if (drmModeAddFB2(c->fd, width, create.height, b->format, handles, pitches, offsets,
			  &b->fb, 0))
		die("framebuffer on the import: %s", strerror(errno));
}

int cmd_import(const struct opts *o)
{
	struct card c;
	struct buf b;
	uint32_t crc;
	int ret, other;

	card_open(&c, o);
	card_outputs(&c, o);
	other = open_other(o, c.path);
	/* the last one is shown, the others are there */
	for (unsigned int n = 0; n < (o->count ?: 1); n++)
		import(&c, other, &b, o);

	/* shown, drawn to, and then said to be damaged */
	ret = output_set(&c, &c.outputs[0], b.fb);
	if (ret)
		return fail("setting the mode: %s", strerror(-ret));
	crc = buf_fill(&b, o, o->seed);
	if (drmModeDirtyFB(c.fd, b.fb, NULL, 0))
		return fail("DIRTYFB: %s", strerror(errno));
	say("conn%d.pitch=%u", c.outputs[0].index, b.pitch);
	say("conn%d.crc=%08x", c.outputs[0].index, crc);
	if (o->hold)
		hold_in_background();
	card_close(&c);
	return 0;
}
