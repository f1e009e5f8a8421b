// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A dumb buffer as a dma-buf: exported, mapped, imported again, outliving. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xdf-guest.h"

static int sync_buf(int fd, uint64_t flags)
{
	struct dma_buf_sync s = { .flags = flags };

	return ioctl(fd, DMA_BUF_IOCTL_SYNC, &s) ? errno : 0;
}

int cmd_prime(const struct opts *o)
{
	uint32_t again, other, handles[4] = { 0 }, pitches[4] = { 0 }, offsets[4] = { 0 }, fb;
	struct drm_mode_map_dumb map_dumb = { 0 };
	int dmabuf, second, ret;
	struct buf b, draw;
	struct output *h;
	struct card c;
	char path[32];
	uint8_t *map, *map2;
	uint32_t crc, left = 0;
	off_t size;

	card_open(&c, o);
	card_outputs(&c, o);
	h = &c.outputs[0];
	ret = buf_create(&c, &b, h->mode.hdisplay, h->mode.vdisplay, o->format, o->pad);
	if (ret)
		return fail("buffer: %s", strerror(-ret));
	ret = output_set(&c, h, b.fb);
	if (ret)
		return fail("setting the mode: %s", strerror(-ret));

	if (drmPrimeHandleToFD(c.fd, b.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf))
		return fail("exporting: %s", strerror(errno));
	size = lseek(dmabuf, 0, SEEK_END);
	if (size < (off_t)((uint64_t)b.pitch * b.height))
		return fail("the dma-buf has %lld bytes, %llu needed", (long long)size,
			    (unsigned long long)b.pitch * b.height);

	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	if (map == MAP_FAILED)
		return fail("mapping the dma-buf: %s", strerror(errno));
	ret = sync_buf(dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	if (ret)
		return fail("sync start: %s", strerror(ret));

	/* Draw through the dma-buf, compare through the card. */
	draw = b;
	draw.map = map;
	crc = buf_fill(&draw, o, o->seed);
	ret = sync_buf(dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	if (ret)
		return fail("sync end: %s", strerror(ret));
	if (memcmp(map, b.map, (size_t)b.pitch * b.height))
		return fail("dma-buf and dumb buffer hold different bytes");
	if (sync_buf(dmabuf, 0x80) != EINVAL)
		return fail("sync with unknown flags was accepted");

	if (drmPrimeFDToHandle(c.fd, dmabuf, &again))
		return fail("importing into the same file: %s", strerror(errno));
	if (again != b.handle)
		return fail("imported as handle %u, it is %u", again, b.handle);

	second = card_open_fd(o, path, sizeof(path));
	if (drmPrimeFDToHandle(second, dmabuf, &other))
		return fail("importing into another file: %s", strerror(errno));
	handles[0] = other;
	pitches[0] = b.pitch;
	if (drmModeAddFB2(second, b.width, b.height, b.format, handles, pitches, offsets, &fb, 0))
		return fail("framebuffer on the import: %s", strerror(errno));
	map_dumb.handle = other;
	if (drmIoctl(second, DRM_IOCTL_MODE_MAP_DUMB, &map_dumb))
		return fail("offset of the import: %s", strerror(errno));
	map2 = mmap(NULL, b.size, PROT_READ, MAP_SHARED, second, map_dumb.offset);
	if (map2 == MAP_FAILED)
		return fail("mapping the import: %s", strerror(errno));
	if (memcmp(map2, map, (size_t)b.pitch * b.height))
		return fail("the import holds other bytes");
	munmap(map2, b.size);
	drmModeRmFB(second, fb);
	close(second);

	/* Not a buffer. */
	if (!drmPrimeFDToHandle(c.fd, c.fd, &other))
		return fail("the card itself was imported as a buffer");

	if (drmModeDirtyFB(c.fd, b.fb, NULL, 0))
		return fail("DIRTYFB: %s", strerror(errno));
	say("conn%d.crc=%08x", h->index, crc);
	say("size=%lld", (long long)size);
	if (o->hold)
		hold_in_background();

	output_off(&c, h);
	buf_destroy(&c, &b);
	card_close(&c);
	/* The dma-buf keeps the pages when handle and file are gone. */
	for (uint32_t y = 0; y < draw.height; y++)
		left = crc32_add(left, map + (size_t)y * draw.pitch,
				 (size_t)draw.width * format_cpp(draw.format));
	if (left != crc)
		return fail("the dma-buf lost its contents with the handle");
	map[0] ^= 1;
	munmap(map, size);
	close(dmabuf);
	say("outlived=1");
	return 0;
}
