// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Pictures of what a connector shows. */
#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "be.h"

static bool on_show(const struct conn *c, const char **why)
{
	if (!c->bound)
		*why = "the frontend is not connected";
	else if (!c->on || !c->shown.valid)
		*why = "the connector is switched off";
	else
		return true;
	return false;
}

static int write_png(FILE *out, const struct conn *c)
{
	const struct displif_set_config *r = &c->cfg;
	const struct frame *f = &c->shown;
	png_structp png;
	png_infop info = NULL;
	uint8_t *rgb;
	uint32_t y;

	rgb = malloc((size_t)r->width * 3);
	if (!rgb)
		return -ENOMEM;
	png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	if (png)
		info = png_create_info_struct(png);
	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(&png, &info);
		free(rgb);
		return -EIO;
	}
	png_init_io(png, out);
	png_set_compression_level(png, 1);
	png_set_filter(png, 0, PNG_FILTER_NONE);
	png_set_IHDR(png, info, r->width, r->height, 8, PNG_COLOR_TYPE_RGB,
		     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (y = 0; y < r->height; y++) {
		frame_line_rgb(rgb, f->data + (size_t)(r->y + y) * f->pitch +
			       (size_t)r->x * f->fmt->bpp / 8, r->width,
			       f->fmt);
		png_write_row(png, rgb);
	}
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	free(rgb);
	return 0;
}

static int write_raw(FILE *out, const struct conn *c)
{
	const struct frame *f = &c->shown;

	fprintf(out, "%u %u %u %s\n", f->width, f->height, f->pitch,
		f->fmt->name);
	fwrite(f->data, f->pitch, f->height, out);
	return 0;
}

/* Screens are private: a folder that is made here is the user's own. */
int picture_folder(const char *dir)
{
	struct stat st;

	if (!mkdir(dir, 0700))
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(dir, &st))
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* By another name first: who waits for the file never sees half of it. */
static int picture(struct conn *c, const char *file,
		   int (*write)(FILE *, const struct conn *), const char *kind,
		   const char **why)
{
	static char text[160];
	const struct frame *f = &c->shown;
	char *tmp;
	FILE *out;
	int ret;

	if (!on_show(c, why))
		return -ENODATA;
	if (asprintf(&tmp, "%s.part", file) < 0)
		return -ENOMEM;
	out = fopen(tmp, "wbe");
	if (!out) {
		ret = -errno;
		goto err;
	}
	ret = write(out, c);
	if (ferror(out) && !ret)
		ret = -EIO;
	if (fclose(out) && !ret)
		ret = -errno;
	if (!ret && rename(tmp, file))
		ret = -errno;
	if (ret) {
		unlink(tmp);
		goto err;
	}
	log_conn(c, "PICTURE",
		 "kind=%s file=\"%s\" width=%u height=%u pitch=%u format=%s fb=0x%llx hash=%016llx",
		 kind, file, f->width, f->height, f->pitch, f->fmt->name,
		 (unsigned long long)f->cookie,
		 (unsigned long long)frame_hash(f->data, (size_t)f->pitch *
						f->height));
	free(tmp);
	return 0;
err:
	snprintf(text, sizeof(text), "cannot write %s: %s", file,
		 strerror(-ret));
	*why = text;
	free(tmp);
	return ret;
}

int picture_png(struct conn *c, const char *file, const char **why)
{
	return picture(c, file, write_png, "png", why);
}

int picture_raw(struct conn *c, const char *file, const char **why)
{
	return picture(c, file, write_raw, "raw", why);
}

/*
 * Compressing takes long, and the screens must go on meanwhile: a child works
 * on its copy of the frames. It exits with an errno.
 */
pid_t picture_fork(struct conn *c, const char *file)
{
	const char *why = "";
	pid_t pid = fork();

	if (pid)
		return pid;
	_exit(-picture_png(c, file, &why) & 0xff);
}

static void view_write(void)
{
	const char *why;
	struct conn *c;
	struct dev *d;
	char *name;

	for (d = devs; d; d = d->next) {
		for (c = d->conns; c; c = c->next) {
			if (!on_show(c, &why))
				continue;
			if (asprintf(&name, "%s/dom%u-dev%u-conn%u.png",
				     opt.view_dir, d->domid, d->devid,
				     c->index) < 0)
				return;
			if (picture_png(c, name, &why))
				log_note("what=view text=\"%s\"", why);
			free(name);
		}
	}
}

/* For --view-dir: all that is on show now, under steady names. */
void view_all(void)
{
	static pid_t running;

	if (running > 0 && waitpid(running, NULL, WNOHANG) == 0)
		return;
	running = fork();
	if (!running) {
		view_write();
		_exit(0);
	}
}
