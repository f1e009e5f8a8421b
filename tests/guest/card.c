// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Cards, connectors, buffers and mode settings, the way userspace does it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "xdf-guest.h"

static void vcomplain(const char *fmt, va_list ap)
{
	fflush(stdout);
	fputs("xdf-guest: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vcomplain(fmt, ap);
	va_end(ap);
	return 1;
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vcomplain(fmt, ap);
	va_end(ap);
	exit(1);
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, (ms % 1000) * 1000000L };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

int card_open_fd(const struct opts *o, char *path, size_t len)
{
	int fd;

	if (o->card) {
		snprintf(path, len, "%s", o->card);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			die("cannot open %s: %s", path, strerror(errno));
		return fd;
	}

	/* not an emulated VGA's, say, that came first */
	for (int i = 0; i < 16; i++) {
		drmVersionPtr v;
		bool ours;

		snprintf(path, len, "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		v = drmGetVersion(fd);
		ours = v && !strcmp(v->name, "xendrm-du");
		drmFreeVersion(v);
		if (ours)
			return fd;
		close(fd);
	}
	die("no card of xendrm-du below /dev/dri; is the driver loaded and connected?");
}

void card_open(struct card *c, const struct opts *o)
{
	drmVersionPtr v;

	memset(c, 0, sizeof(*c));
	c->fd = card_open_fd(o, c->path, sizeof(c->path));

	v = drmGetVersion(c->fd);
	if (!v)
		die("%s: no driver version: %s", c->path, strerror(errno));
	snprintf(c->name, sizeof(c->name), "%s", v->name);
	drmFreeVersion(v);

	drmSetClientCap(c->fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
	if (drmSetClientCap(c->fd, DRM_CLIENT_CAP_ATOMIC, 1) && o->atomic)
		die("%s: no atomic mode setting: %s", c->path, strerror(errno));

	c->res = drmModeGetResources(c->fd);
	if (!c->res)
		die("%s: no mode setting resources: %s", c->path, strerror(errno));
}

void card_close(struct card *c)
{
	drmModeFreeResources(c->res);
	close(c->fd);
}

static uint32_t primary_plane(struct card *c, int pipe)
{
	drmModePlaneResPtr pr = drmModeGetPlaneResources(c->fd);
	uint32_t found = 0;

	for (uint32_t i = 0; pr && i < pr->count_planes && !found; i++) {
		drmModePlanePtr p = drmModeGetPlane(c->fd, pr->planes[i]);
		uint64_t type = 0;

		if (!p)
			continue;
		prop_id(c->fd, p->plane_id, DRM_MODE_OBJECT_PLANE, "type", &type);
		if (p->possible_crtcs & (1u << pipe) && type == DRM_PLANE_TYPE_PRIMARY)
			found = p->plane_id;
		drmModeFreePlane(p);
	}
	drmModeFreePlaneResources(pr);
	return found;
}

void card_outputs(struct card *c, const struct opts *o)
{
	uint32_t used = 0;

	for (int n = 0; n < o->nconns; n++) {
		struct output *h = &c->outputs[n];
		drmModeConnectorPtr conn;
		int m = -1;

		if (o->conns[n] < 0 || o->conns[n] >= c->res->count_connectors)
			die("connector %d: the card has %d", o->conns[n],
			    c->res->count_connectors);

		h->index = o->conns[n];
		h->conn = c->res->connectors[h->index];
		conn = drmModeGetConnector(c->fd, h->conn);
		if (!conn)
			die("connector %d: %s", h->index, strerror(errno));
		if (conn->connection != DRM_MODE_CONNECTED)
			die("connector %d is not connected (status %d)",
			    h->index, conn->connection);

		for (int i = 0; i < conn->count_modes && m < 0; i++)
			if (!o->width || (conn->modes[i].hdisplay == o->width &&
					  conn->modes[i].vdisplay == o->height))
				m = i;
		if (m < 0)
			die("connector %d has no mode %ux%u among its %d",
			    h->index, o->width, o->height, conn->count_modes);
		h->mode = conn->modes[m];

		h->pipe = -1;
		for (int e = 0; e < conn->count_encoders && h->pipe < 0; e++) {
			drmModeEncoderPtr enc = drmModeGetEncoder(c->fd, conn->encoders[e]);

			for (int p = 0; enc && p < c->res->count_crtcs && h->pipe < 0; p++)
				if (enc->possible_crtcs & (1u << p) && !(used & (1u << p)))
					h->pipe = p;
			drmModeFreeEncoder(enc);
		}
		if (h->pipe < 0)
			die("connector %d: no free CRTC for it", h->index);
		used |= 1u << h->pipe;
		h->crtc = c->res->crtcs[h->pipe];
		h->plane = primary_plane(c, h->pipe);
		drmModeFreeConnector(conn);
	}
	c->noutputs = o->nconns;
}

uint32_t prop_id(int fd, uint32_t obj, uint32_t type, const char *name, uint64_t *value)
{
	drmModeObjectPropertiesPtr props = drmModeObjectGetProperties(fd, obj, type);
	uint32_t id = 0;

	for (uint32_t i = 0; props && i < props->count_props && !id; i++) {
		drmModePropertyPtr p = drmModeGetProperty(fd, props->props[i]);

		if (p && !strcmp(p->name, name)) {
			id = p->prop_id;
			if (value)
				*value = props->prop_values[i];
		}
		drmModeFreeProperty(p);
	}
	drmModeFreeObjectProperties(props);
	return id;
}

int buf_create(struct card *c, struct buf *b, uint32_t w, uint32_t h,
	       uint32_t format, uint32_t pad)
{
	struct drm_mode_create_dumb create = {
		.width = w + pad,
		.height = h,
		.bpp = format_cpp(format) * 8,
	};
	struct drm_mode_map_dumb map = { 0 };
	uint32_t handles[4] = { 0 }, pitches[4] = { 0 }, offsets[4] = { 0 };
	int ret;

	memset(b, 0, sizeof(*b));
	if (drmIoctl(c->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		return -errno;
	b->handle = create.handle;
	b->pitch = create.pitch;
	b->size = create.size;
	b->width = w;
	b->height = h;
	b->format = format;

	handles[0] = b->handle;
	pitches[0] = b->pitch;
	if (drmModeAddFB2(c->fd, w, h, format, handles, pitches, offsets, &b->fb, 0)) {
		ret = -errno;
		goto err;
	}

	map.handle = b->handle;
	if (drmIoctl(c->fd, DRM_IOCTL_MODE_MAP_DUMB, &map)) {
		ret = -errno;
		goto err;
	}
	b->map = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, map.offset);
	if (b->map == MAP_FAILED) {
		ret = -errno;
		b->map = NULL;
		goto err;
	}
	return 0;

err:
	buf_destroy(c, b);
	return ret;
}

void buf_destroy(struct card *c, struct buf *b)
{
	struct drm_mode_destroy_dumb destroy = { .handle = b->handle };

	if (b->map)
		munmap(b->map, b->size);
	if (b->fb)
		drmModeRmFB(c->fd, b->fb);
	if (b->handle)
		drmIoctl(c->fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
	memset(b, 0, sizeof(*b));
}

uint32_t buf_fill(struct buf *b, const struct opts *o, uint32_t seed)
{
	size_t len = (size_t)b->width * format_cpp(b->format);
	uint8_t *row = malloc(len);
	uint32_t crc = 0;

	if (!row)
		die("no memory for a row of %zu bytes", len);
	for (uint32_t y = 0; y < b->height; y++) {
		if (o->bars)
			bars_row(row, b->format, b->width);
		else
			pattern_row(row, len, seed, y);
		memcpy(b->map + (size_t)y * b->pitch, row, len);
		/* What must not show is made to look wrong. */
		memset(b->map + (size_t)y * b->pitch + len, 0xa5, b->pitch - len);
		crc = crc32_add(crc, row, len);
	}
	free(row);
	return crc;
}

int output_set(struct card *c, struct output *h, uint32_t fb)
{
	if (drmModeSetCrtc(c->fd, h->crtc, fb, 0, 0, &h->conn, 1, &h->mode))
		return -errno;
	return 0;
}

int output_off(struct card *c, struct output *h)
{
	if (drmModeSetCrtc(c->fd, h->crtc, 0, 0, 0, NULL, 0, NULL))
		return -errno;
	return 0;
}

void req_prop(struct card *c, drmModeAtomicReqPtr req, uint32_t obj, uint32_t type,
	      const char *name, uint64_t value)
{
	uint32_t id = prop_id(c->fd, obj, type, name, NULL);

	if (!id)
		die("object %u has no property %s", obj, name);
	if (drmModeAtomicAddProperty(req, obj, id, value) < 0)
		die("no memory for an atomic request");
}

void req_plane(struct card *c, drmModeAtomicReqPtr req, struct output *h, uint32_t fb)
{
	static const char * const zero[] = { "CRTC_X", "CRTC_Y", "SRC_X", "SRC_Y" };
	uint32_t p = h->plane, t = DRM_MODE_OBJECT_PLANE;

	req_prop(c, req, p, t, "FB_ID", fb);
	req_prop(c, req, p, t, "CRTC_ID", fb ? h->crtc : 0);
	for (int i = 0; i < 4; i++)
		req_prop(c, req, p, t, zero[i], 0);
	req_prop(c, req, p, t, "CRTC_W", h->mode.hdisplay);
	req_prop(c, req, p, t, "CRTC_H", h->mode.vdisplay);
	req_prop(c, req, p, t, "SRC_W", (uint64_t)h->mode.hdisplay << 16);
	req_prop(c, req, p, t, "SRC_H", (uint64_t)h->mode.vdisplay << 16);
}

uint32_t req_mode(struct card *c, drmModeAtomicReqPtr req, struct output *h)
{
	uint32_t blob;

	if (drmModeCreatePropertyBlob(c->fd, &h->mode, sizeof(h->mode), &blob))
		die("no property blob for the mode: %s", strerror(errno));
	req_prop(c, req, h->conn, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", h->crtc);
	req_prop(c, req, h->crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", blob);
	req_prop(c, req, h->crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", 1);
	return blob;
}

int output_set_atomic(struct card *c, struct output *h, uint32_t fb)
{
	return output_set_around(c, h, fb, 0);
}

int output_set_around(struct card *c, struct output *h, uint32_t fb, unsigned int around)
{
	uint32_t p = h->plane, t = DRM_MODE_OBJECT_PLANE;
	uint32_t w = h->mode.hdisplay + 2 * around, v = h->mode.vdisplay + 2 * around;
	drmModeAtomicReqPtr req = drmModeAtomicAlloc();
	uint32_t blob;
	int ret;

	if (!req)
		die("no memory for an atomic request");
	blob = req_mode(c, req, h);
	req_plane(c, req, h, fb);
	if (around) {
		req_prop(c, req, p, t, "CRTC_X", -(int64_t)around);
		req_prop(c, req, p, t, "CRTC_Y", -(int64_t)around);
		req_prop(c, req, p, t, "CRTC_W", w);
		req_prop(c, req, p, t, "CRTC_H", v);
		req_prop(c, req, p, t, "SRC_W", (uint64_t)w << 16);
		req_prop(c, req, p, t, "SRC_H", (uint64_t)v << 16);
	}
	ret = drmModeAtomicCommit(c->fd, req, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL);
	if (ret)
		ret = -errno;
	drmModeAtomicFree(req);
	drmModeDestroyPropertyBlob(c->fd, blob);
	return ret;
}

/*
 * Closing the card takes the picture down, so somebody has to stay. The
 * caller's pipes are let go, or whoever reads them would wait for us.
 */
void hold_in_background(void)
{
	pid_t pid;
	int null;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid > 0) {
		printf("held_by=%d\n", pid);
		fflush(NULL);
		_exit(0);
	}
	setsid();
	null = open("/dev/null", O_RDWR);
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
	}
	signal(SIGHUP, SIG_IGN);
	for (;;)
		pause();
}
