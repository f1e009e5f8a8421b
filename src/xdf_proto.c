// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "xdf_proto.h"

/* XenStore's values, and the arithmetic of sizes */

/* Reads a decimal number without sign or leading space; NULL on an error. */
static const char *parse_u32(const char *s, u32 *value)
{
	u64 v = 0;

	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++) {
		v = v * 10 + (*s - '0');
		if (v > 0xffffffffu)
			return NULL;
	}
	*value = v;
	return s;
}

/*
 * XenStore's "resolution": "WIDTHxHEIGHT", decimal, nothing before or behind.
 * Return: 0; -EINVAL when it is not of that form; -ERANGE when a side is 0 or
 * larger than XDF_MAX_SIDE. The results are only written on success.
 */
int xdf_parse_resolution(const char *text, u32 *width, u32 *height)
{
	u32 w, h;

	text = parse_u32(text, &w);
	if (!text || *text != 'x')
		return -EINVAL;
	text = parse_u32(text + 1, &h);
	if (!text || *text)
		return -EINVAL;
	if (!w || !h || w > XDF_MAX_SIDE || h > XDF_MAX_SIDE)
		return -ERANGE;
	*width = w;
	*height = h;
	return 0;
}

/* The number of a connector by its node's name. Return: 0, or -EINVAL for others. */
int xdf_parse_index(const char *text, u32 *index)
{
	u32 v;
	const char *end = parse_u32(text, &v);

	/* "01" would be a second name of 1 */
	if (!end || *end || (text[0] == '0' && text[1]))
		return -EINVAL;
	*index = v;
	return 0;
}

/*
 * The highest protocol version of the backend's list, "1,2", or NULL when it has
 * none, that this side speaks too. Return: 0 when there is none.
 */
u32 xdf_parse_versions(const char *text)
{
	u32 v, best = 0;

	if (!text || !*text)
		return DISPLIF_VERSION_MIN;
	do {
		text = parse_u32(text + strspn(text, " "), &v);
		if (!text)
			break;
		if (v >= DISPLIF_VERSION_MIN && v <= DISPLIF_VERSION_MAX && v > best)
			best = v;
		text += strspn(text, " ");
	} while (*text++ == ',');
	return best;
}

/* For a display that has only a size, exactly that: CVT rounds widths down to multiples of 8. */
void xdf_mode_timings(struct drm_display_mode *mode, u32 width, u32 height, u32 hz)
{
	mode->hdisplay = width;
	mode->hsync_start = width + 48;
	mode->hsync_end = width + 80;
	mode->htotal = width + 160;
	mode->vdisplay = height;
	mode->vsync_start = height + 3;
	mode->vsync_end = height + 8;
	mode->vtotal = height + 30;
	/* The smallest mode has 4991 pixels with blanking: 1 kHz is 0.2 Hz. */
	mode->clock = div_u64((u64)mode->htotal * mode->vtotal * hz + 500, 1000);
}

/*
 * Size of a dumb buffer: bytes per line, and of the picture, not rounded to pages. There has
 * to be a line more than @size says: whole lines are read, so a part of the picture that does
 * not begin at the left ends behind the last one.
 * Return: 0; -EINVAL when a number is 0, odd for the purpose or more than the protocol can say.
 */
int xdf_dumb_layout(u32 width, u32 height, u32 bpp, u32 *pitch, u64 *size)
{
	u64 line;

	if (!width || !height || !bpp || bpp > 64)
		return -EINVAL;
	line = ((u64)width * bpp + 7) / 8;
	line = (line + XDF_PITCH_ALIGN - 1) / XDF_PITCH_ALIGN * XDF_PITCH_ALIGN;
	if (line > 0xffffffffu || line * (height + 1ULL) > 0xffffffffu - DISPLIF_PAGE_SIZE)
		return -EINVAL;
	*pitch = line;
	*size = line * height;
	return 0;
}

/* Does this picture lie in a buffer of so many bytes? Return: 0 or -EINVAL. */
int xdf_layout_fits(const struct xdf_layout *l, u64 size)
{
	u64 line = (u64)l->width * l->cpp;

	if (!l->width || !l->height || !l->cpp || size > 0xffffffffu ||
	    l->width > XDF_MAX_SIDE || l->height > XDF_MAX_SIDE ||
	    l->pitch % l->cpp || l->offset % l->cpp || line > l->pitch ||
	    l->offset + (u64)l->pitch * (l->height - 1) + line > size)
		return -EINVAL;
	return 0;
}

/*
 * Can the protocol describe this picture in it, too? The wire carries no pitch: a backend works
 * it out from the buffer's width, rounded to 32 bits, and reads whole lines, the last one too.
 */
int xdf_layout_check(const struct xdf_layout *l, u64 size)
{
	if (xdf_layout_fits(l, size) || l->pitch % 4 ||
	    l->offset + (u64)l->pitch * l->height > size)
		return -EINVAL;
	return 0;
}

/* Messages */

/*
 * The one place where a number of the backend's becomes an errno: only codes that it can
 * honestly mean pass, never, say, -ERESTARTSYS for a caller of ours, nor -ENODEV or -ETIMEDOUT,
 * by which the channel says that the link is lost.
 */
int xdf_displif_errno(s32 status)
{
	static const s32 honest[] = {
		0, -EPERM, -ENOENT, -EIO, -EAGAIN, -ENOMEM, -EACCES, -EBUSY, -EEXIST, -EINVAL,
		-ENOSPC, -ENOSYS, -EOPNOTSUPP,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(honest); i++)
		if (honest[i] == status)
			return status;
	return -EIO;
}

/* Did a request end because the connection did? */
bool xdf_displif_is_lost(int error)
{
	return error == -ENODEV || error == -ETIMEDOUT;
}

/* Is only something lacking at present? That says nothing of the backend. */
bool xdf_displif_is_shortage(int error)
{
	return error == -ENOMEM || error == -ENOSPC || error == -EAGAIN || error == -EBUSY;
}

/*
 * Is it worth asking again? What is lacking may be there later, so may rights; nobody knows of
 * an error without a name. Who takes a request to be wrong will not think otherwise of it.
 */
bool xdf_displif_may_pass(int error)
{
	return error != -ENOENT && error != -EEXIST && error != -EINVAL && error != -ENOSYS &&
		error != -EOPNOTSUPP;
}

/*
 * How long a backend may take for an operation, in ms. Beyond this the link counts as
 * lost, which is worse than waiting: nobody but who makes a buffer waits anyway, and
 * mapping one takes a busy backend a while.
 */
unsigned int xdf_displif_timeout_ms(u8 op)
{
	return op == DISPLIF_OP_DBUF_CREATE || op == DISPLIF_OP_DBUF_DESTROY ? 20000 : 10000;
}

/* A request, all zeroes but for @op; the channel gives it its id. */
void xdf_displif_start(struct displif_req *req, enum displif_op op)
{
	memset(req, 0, sizeof(*req));
	req->operation = op;
}

/* Pixel formats */

/* The formats of every plane. */
const u32 xdf_formats[XDF_FORMATS] = {
	DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_XBGR8888, DRM_FORMAT_ABGR8888,
	DRM_FORMAT_RGB565,
	DRM_FORMAT_XRGB2101010, DRM_FORMAT_ARGB2101010,
	DRM_FORMAT_XBGR2101010, DRM_FORMAT_ABGR2101010,
};

/* Of each, by its place: the same without alpha, and where a colour's first 8 bits begin. */
static const struct {
	u32 opaque;
	u8 red, green, blue;
} format_infos[XDF_FORMATS + 1] = {
	[0 ... 1] = { DRM_FORMAT_XRGB8888, 16, 8, 0 },
	[2 ... 3] = { DRM_FORMAT_XBGR8888, 0, 8, 16 },
	[4] = { DRM_FORMAT_RGB565 },
	[5 ... 6] = { DRM_FORMAT_XRGB2101010, 22, 12, 2 },
	[7 ... 8] = { DRM_FORMAT_XBGR2101010, 2, 12, 22 },
};

/* Where it is in those; XDF_FORMATS when it is in none. */
static u32 format_index(u32 format)
{
	u32 i = 0;

	while (i < XDF_FORMATS && xdf_formats[i] != format)
		i++;
	return i;
}

/* A format's bit in a mask of formats; 0 when it is none of xdf_formats[]. */
u32 xdf_format_bit(u32 format)
{
	return 1u << format_index(format) & ((1u << XDF_FORMATS) - 1);
}

/*
 * What else a backend can be told that a framebuffer of @format has, when that or what this
 * returned for it was rejected. First the opaque twin of a format with alpha: premultiplied
 * over black is the same picture. At last XRGB8888, which every display shows.
 * Return: the format; 0 when there is no other.
 */
u32 xdf_format_next(u32 format, u32 rejected)
{
	u32 opaque = format_infos[format_index(format)].opaque;

	if (rejected == DRM_FORMAT_XRGB8888)
		return 0;
	return rejected == opaque ? DRM_FORMAT_XRGB8888 : opaque;
}

/* Do two formats of xdf_formats[] have their colours in the same bits? */
bool xdf_format_is_same(u32 format, u32 other)
{
	return format_infos[format_index(format)].opaque ==
		format_infos[format_index(other)].opaque;
}

static u32 colour(u32 pixel, u32 first, u32 bits)
{
	u32 v = pixel >> first & ((1u << bits) - 1);

	/* the highest bits once more below: full stays full */
	return v << (8 - bits) | v >> (2 * bits - 8);
}

/*
 * Convert so many pixels of one of xdf_formats[]; @from is aligned to one. DRM's own
 * helpers go the other way, and this one for one format on some kernels.
 */
void xdf_format_to_xrgb8888(u32 *to, const void *from, u32 count, u32 format)
{
	const typeof(*format_infos) *info = &format_infos[format_index(format)];
	u32 i, p, red = info->red, green = info->green, blue = info->blue;
	const u32 *from32 = from;
	const u16 *from16 = from;

	for (i = 0; i < count && info->opaque == DRM_FORMAT_RGB565; i++)
		to[i] = 0xff000000u | colour(from16[i], 11, 5) << 16 |
			colour(from16[i], 5, 6) << 8 | colour(from16[i], 0, 5);
	for (; i < count; i++) {
		p = from32[i];
		to[i] = 0xff000000u | (p >> red & 0xff) << 16 | (p >> green & 0xff) << 8 |
			(p >> blue & 0xff);
	}
}

/* EDIDs */

#define EDID_EXTENSIONS		126

/*
 * Find the usable part of what a backend calls an EDID, in a private copy. The kernel's own
 * parser is given whole blocks, as many as the first one announces, each with its sum.
 * Return: bytes to use; -EINVAL when it is none.
 */
int xdf_edid_check(const u8 *data, u32 size)
{
	static const u8 header[] = { 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00 };
	u32 used, i;
	u8 sum = 0;

	if (size < DISPLIF_EDID_BLOCK || size > DISPLIF_EDID_MAX || size % DISPLIF_EDID_BLOCK ||
	    memcmp(data, header, sizeof(header)))
		return -EINVAL;
	used = (data[EDID_EXTENSIONS] + 1) * DISPLIF_EDID_BLOCK;
	if (used > size)
		return -EINVAL;
	for (i = 0; i < used; i++) {
		sum += data[i];
		if (sum && i % DISPLIF_EDID_BLOCK == DISPLIF_EDID_BLOCK - 1)
			return -EINVAL;
	}
	return used;
}

/* Page directories: how a list of grant references lies in shared pages */

/* Directory pages, of DISPLIF_PAGE_SIZE, that list so many references. */
u32 xdf_pgdir_pages(u32 nrefs)
{
	return nrefs / DISPLIF_REFS_PER_DIR + !!(nrefs % DISPLIF_REFS_PER_DIR);
}

static u32 pgdir_count(u32 index, u32 nrefs)
{
	return min_t(u32, nrefs - index * DISPLIF_REFS_PER_DIR, DISPLIF_REFS_PER_DIR);
}

/*
 * Write page @index of a directory: @dir_refs are of all the directory's pages,
 * @refs are listed; NULL leaves them to the other side.
 */
void xdf_pgdir_fill(struct displif_page_directory *dir, u32 index,
		    const u32 *dir_refs, const u32 *refs, u32 nrefs)
{
	bool last = index + 1 == xdf_pgdir_pages(nrefs);

	dir->gref_dir_next_page = last ? 0 : dir_refs[index + 1];
	if (refs)
		memcpy(dir->gref, refs + index * DISPLIF_REFS_PER_DIR,
		       pgdir_count(index, nrefs) * sizeof(*refs));
}

/* Take what the other side wrote there; @refs has room for all references. */
void xdf_pgdir_read(const struct displif_page_directory *dir, u32 index, u32 *refs, u32 nrefs)
{
	memcpy(refs + index * DISPLIF_REFS_PER_DIR, dir->gref,
	       pgdir_count(index, nrefs) * sizeof(*refs));
}

/* Vblanks */

/* So many events in a row at another phase move the vblanks. */
#define MAX_OUTLIERS	8
/* Where that did not help, the backend's events follow our vblanks. */
#define MAX_MOVES	2

/* There was a vblank at that time; the others follow from it. */
static void vblank_set(struct xdf_vblank *v, u64 time)
{
	v->time = time;
	v->next = time + v->period;
	v->outliers = 0;
	v->moves = 0;
}

/* When the last vblank was, not later than now, also when no tick has noted it. */
u64 xdf_vblank_last(const struct xdf_vblank *v, u64 now)
{
	if (now < v->next)
		return v->time;
	return v->next + div64_u64(now - v->next, v->period) * v->period;
}

/* Notes the vblank that is due; true when there was one since the last call. */
bool xdf_vblank_tick(struct xdf_vblank *v, u64 now)
{
	if (now < v->next)
		return false;
	v->time = xdf_vblank_last(v, now);
	v->next = v->time + v->period;
	return true;
}

/*
 * A mode begins. A backend does not start its refreshes again for us: what was
 * learned of their phase is kept as long as they are equally long.
 */
void xdf_vblank_start(struct xdf_vblank *v, u64 period, u64 now)
{
	if (v->next && period == v->period) {
		xdf_vblank_tick(v, now);
		return;
	}
	v->period = period;
	vblank_set(v, now);
}

static bool vblank_move(struct xdf_vblank *v, u64 now)
{
	/* so soon after the last one it would be taken for the same */
	bool vblank = now >= v->time + v->period / 2;

	if (vblank)
		v->time = now;
	v->next = now + v->period;
	v->outliers = 0;
	v->moves++;
	return vblank;
}

/*
 * The backend has presented a framebuffer. Near a vblank the next ones move a
 * little towards the event; when events keep coming at another phase they are
 * moved there, once. True when that is a vblank, which is noted.
 */
bool xdf_vblank_event(struct xdf_vblank *v, u64 now)
{
	bool vblank = now >= v->next;
	u64 off = vblank ? now - xdf_vblank_last(v, now) : v->next - now;
	/* slowly, so that an event's delay does not show in the timestamps */
	u64 step = min_t(u64, off / 8, div_u64(v->period, 320));

	if (off > v->period / 4) {
		if (v->moves == MAX_MOVES || ++v->outliers < MAX_OUTLIERS)
			return false;
		return vblank_move(v, now);
	}
	if (vblank)
		vblank_set(v, now - off);
	v->next += vblank ? step : -step;
	v->outliers = 0;
	v->moves = 0;
	return vblank;
}
