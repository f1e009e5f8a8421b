// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Pictures of what a connector shows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests.h"

static bool on_show(const struct conn *c, const char **why)
{
	if (!c->bound)
		*why = "the frontend is not connected";
	else if (!c->on || !copies_shown(c)->valid)
		*why = "the connector is switched off";
	else
		return true;
	return false;
}

struct lines {
	const struct conn *c;
	uint8_t *rgb;
};

static const uint8_t *line(void *data, uint32_t y)
{
	const struct lines *l = data;
	const struct displif_set_config *r = &l->c->cfg;
	const struct frame *f = copies_shown(l->c);

	frame_line_rgb(l->rgb, f->data + (size_t)(r->y + y) * f->pitch +
		       (size_t)r->x * f->fmt->bpp / 8, r->width, f->fmt);
	return l->rgb;
}

static int write_png(FILE *out, const struct conn *c)
{
	struct lines l = { c, malloc((size_t)c->cfg.width * 3) };
	int ret = -ENOMEM;

	if (l.rgb)
		ret = png_write(out, c->cfg.width, c->cfg.height, line, &l);
	free(l.rgb);
	return ret;
}

static int write_raw(FILE *out, const struct conn *c)
{
	const struct frame *f = copies_shown(c);

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
	const struct frame *f = copies_shown(c);
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
		 (unsigned long long)c->shown,
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

static void view_write(const char *dir)
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
				     dir, d->domid, d->devid,
				     c->index) < 0)
				return;
			if (picture_png(c, name, &why))
				log_note("what=view text=\"%s\"", why);
			free(name);
		}
	}
}

/* For --view-dir: all that is on show now, under steady names. */
void view_all(const char *dir)
{
	static pid_t running;

	if (running > 0 && waitpid(running, NULL, WNOHANG) == 0)
		return;
	running = fork();
	if (!running) {
		view_write(dir);
		_exit(0);
	}
}
