// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Buffers that come and go; more of them than there can be. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xdf-guest.h"

int cmd_stress(const struct opts *o)
{
	unsigned int cycles = o->cycles ?: 200;
	uint32_t rnd = o->seed * 2654435761u + 1;
	double start = now_s();

	for (unsigned int n = 0; n < cycles; n++) {
		struct buf bufs[4];
		struct card c;
		int ret;

		card_open(&c, o);
		card_outputs(&c, o);
		for (int i = 0; i < 4; i++) {
			rnd = rnd * 1664525 + 1013904223;
			ret = buf_create(&c, &bufs[i], 1 + (rnd >> 8) % 1000,
					 1 + (rnd >> 20) % 700,
					 rnd & 1 ? DRM_FORMAT_XRGB8888 : DRM_FORMAT_RGB565, 0);
			if (ret)
				return fail("cycle %u, buffer %d: %s", n, i, strerror(-ret));
			memset(bufs[i].map, n, bufs[i].size);
		}
		/* One in three times closing the card has to tidy up. */
		for (int i = 0; i < 4 && n % 3; i++)
			buf_destroy(&c, &bufs[i]);
		card_close(&c);
		for (int i = 0; i < 4 && !(n % 3); i++)
			buf_destroy(&c, &bufs[i]);
	}
	say("cycles=%u", cycles);
	say("seconds=%.2f", now_s() - start);
	return 0;
}

/* Buffers until one is rejected or the limit is reached; then all go. */
static int one_round(struct card *c, const struct opts *o, struct buf *bufs, int max, int *err)
{
	int n = 0;

	*err = 0;
	while (n < max) {
		*err = -buf_create(c, &bufs[n], 1920, 1080, DRM_FORMAT_XRGB8888, 0);
		if (*err)
			break;
		memset(bufs[n].map, n, bufs[n].size);
		n++;
	}
	/* whatever comes free is taken at once, until killed */
	while (*err && o->hold && n < max) {
		say("held=%d", n);
		while (n < max && !buf_create(c, &bufs[n], 640, 480, DRM_FORMAT_XRGB8888, 0))
			n++;
		sleep_ms(20);
	}
	for (int i = 0; i < n; i++)
		buf_destroy(c, &bufs[i]);
	return n;
}

static bool is_zero(const struct buf *b)
{
	const uint64_t *p = (const uint64_t *)b->map;

	for (size_t i = 0; i < b->size / sizeof(*p); i++)
		if (p[i])
			return false;
	return true;
}

/* A buffer of one size after the other: each is zeroed, whoever had its memory before. */
int cmd_again(const struct opts *o)
{
	double end = now_s() + (o->seconds ?: 10);
	struct card c;
	struct buf b;
	int ret;

	card_open(&c, o);
	for (int n = 0; now_s() < end; n++) {
		ret = buf_create(&c, &b, 640, 480, DRM_FORMAT_XRGB8888, 0);
		if (ret)
			return fail("buffer %d: %s", n, strerror(-ret));
		if (!is_zero(&b)) {
			say("zeroed=no");
			return fail("buffer %d is not zeroed", n);
		}
		memset(b.map, 0x55, b.size);
		buf_destroy(&c, &b);
		say("made=%d", n);
		sleep_ms(50);
	}
	card_close(&c);
	return 0;
}

int cmd_fill_up(const struct opts *o)
{
	int max = o->limit_mb / 8 + 1, n[3], err[3];
	struct buf *bufs = calloc(max, sizeof(*bufs));
	struct card c;

	if (!bufs)
		return fail("no memory for %d entries", max);
	card_open(&c, o);
	for (int round = 0; round < 3; round++) {
		n[round] = one_round(&c, o, bufs, max, &err[round]);
		say("round%d.buffers=%d", round, n[round]);
		say("round%d.rejected=%s", round, err[round] ? strerrorname_np(err[round]) : "none");
		if (err[round] && err[round] != ENOSPC && err[round] != ENOMEM)
			return fail("rejected with %s; expected ENOSPC or ENOMEM",
				    strerrorname_np(err[round]));
		sleep_ms(1500);
	}
	if (n[1] < n[0] - 1 || n[2] < n[0] - 1)
		return fail("%d buffers at first, then %d and %d: something is not given back",
			    n[0], n[1], n[2]);
	card_close(&c);
	return 0;
}
