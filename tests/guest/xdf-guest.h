/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A test program for a DRM card: what all subcommands share.
 *
 * Every subcommand prints key=value lines and returns 0, or says on stderr
 * what was wrong and returns 1.
 */
#ifndef XDF_GUEST_H
#define XDF_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define MAX_OUTPUTS 32

struct opts {
	const char *from;	/* driver that buffers are imported from */
	const char *card;	/* NULL: the first card with a mode setting driver */
	int conns[MAX_OUTPUTS];	/* indices in the order of the card */
	int nconns;
	uint32_t format;
	unsigned int width;	/* 0: the first mode of the connector */
	unsigned int height;
	unsigned int buffer_width;	/* of an import; 0: the mode's */
	unsigned int buffer_height;
	unsigned int pad;	/* further pixels in each row of the buffer */
	unsigned int around;	/* pixels of the buffer beyond each edge of the screen */
	uint32_t seed;
	unsigned int count;
	unsigned int cycles;
	unsigned int seconds;
	unsigned int timeout_ms;
	unsigned int limit_mb;
	unsigned int still;
	double rate;
	double tolerance;
	bool hold;
	bool async;
	bool atomic;
	bool busy;
	bool any_sequence;
	bool bars;
	bool quiet;
	bool wait;
};

/* A dumb buffer, mapped, with a framebuffer on it. */
struct buf {
	uint32_t handle;
	uint32_t width;		/* of the framebuffer, not of the dumb buffer */
	uint32_t height;
	uint32_t pitch;
	uint32_t format;
	uint64_t size;
	uint32_t fb;
	uint8_t *map;
};

struct output {
	int index;		/* of the connector */
	uint32_t conn;
	uint32_t crtc;
	int pipe;
	uint32_t plane;		/* primary; 0 without universal planes */
	drmModeModeInfo mode;
	drmModeCrtcPtr saved;
};

struct card {
	int fd;
	char path[32];
	char name[64];
	drmModeResPtr res;
	struct output outputs[MAX_OUTPUTS];
	int noutputs;
};

/* Print "xdf-guest: ..." on stderr and return 1, for "return fail(...)". */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

double now_s(void);
void sleep_ms(unsigned int ms);

/* pattern.c */
uint32_t crc32_add(uint32_t crc, const void *data, size_t len);
void pattern_row(uint8_t *row, size_t len, uint32_t seed, uint32_t y);
void bars_row(uint8_t *row, uint32_t format, uint32_t width);
unsigned int format_cpp(uint32_t format);
uint32_t format_parse(const char *s);
const char *format_str(uint32_t format);

/* card.c */
int card_open_fd(const struct opts *o, char *path, size_t len);
void card_open(struct card *c, const struct opts *o);
void card_close(struct card *c);
/* Pick connector, CRTC, primary plane and mode for each of o->conns. */
void card_outputs(struct card *c, const struct opts *o);
uint32_t prop_id(int fd, uint32_t obj, uint32_t type, const char *name,
		 uint64_t *value);
int buf_create(struct card *c, struct buf *b, uint32_t w, uint32_t h,
	       uint32_t format, uint32_t pad);
void buf_destroy(struct card *c, struct buf *b);
/* Fill with the pattern; the result is the checksum of the visible bytes. */
uint32_t buf_fill(struct buf *b, const struct opts *o, uint32_t seed);
int output_set(struct card *c, struct output *h, uint32_t fb);
/* Returns the blob of the mode, to be destroyed after the commit. */
uint32_t req_mode(struct card *c, drmModeAtomicReqPtr req, struct output *h);
int output_set_atomic(struct card *c, struct output *h, uint32_t fb);
/* The framebuffer begins AROUND pixels above and left of the screen, and ends as far beyond it. */
int output_set_around(struct card *c, struct output *h, uint32_t fb, unsigned int around);
int output_off(struct card *c, struct output *h);
/* Add "this plane shows the whole of that framebuffer" to a request. */
void req_plane(struct card *c, drmModeAtomicReqPtr req, struct output *h,
	       uint32_t fb);
void req_prop(struct card *c, drmModeAtomicReqPtr req, uint32_t obj,
	      uint32_t type, const char *name, uint64_t value);
/* Go on in the background with the card held until SIGTERM. */
void hold_in_background(void);

int cmd_info(const struct opts *o);
int cmd_pattern(const struct opts *o);
int cmd_draw(const struct opts *o);
int cmd_pan(const struct opts *o);
int cmd_together(const struct opts *o);
int cmd_flips(const struct opts *o);
int cmd_again(const struct opts *o);
int cmd_hold(const struct opts *o);
int cmd_dpms(const struct opts *o);
int cmd_damage(const struct opts *o);
int cmd_vblank(const struct opts *o);
int cmd_addfb(const struct opts *o);
int cmd_prime(const struct opts *o);
int cmd_import(const struct opts *o);
int cmd_stress(const struct opts *o);
int cmd_stuck(const struct opts *o);
int cmd_fill_up(const struct opts *o);
int cmd_fbdev(const struct opts *o);

#endif
