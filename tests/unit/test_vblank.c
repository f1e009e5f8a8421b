// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdlib.h>

#include "unit.h"
#include "xdf_proto.h"

#define PERIOD	16666667
#define START	1000000000000ULL

static struct xdf_vblank vblank_at_start(void)
{
	struct xdf_vblank vblank = {};

	xdf_vblank_start(&vblank, PERIOD, START);
	return vblank;
}

/* The vblank at which an event that comes at NOW is noted, by tick or event. */
static u64 vblank_of(struct xdf_vblank *vblank, u64 now)
{
	if (!xdf_vblank_event(vblank, now))
		assert_true(xdf_vblank_tick(vblank, vblank->next));
	return vblank->time;
}

/* Between -SPAN and SPAN, the same in every run. */
static int jitter(int span)
{
	static u32 seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (int)(seed >> 8) % (2 * span + 1) - span;
}

static void ticks_alone(void **state)
{
	struct xdf_vblank vblank = vblank_at_start();

	assert_false(xdf_vblank_tick(&vblank, START + PERIOD - 1));
	assert_true(xdf_vblank_tick(&vblank, START + PERIOD + 1000));
	assert_int_equal(vblank.time, START + PERIOD);
	assert_int_equal(xdf_vblank_last(&vblank, START + 2 * PERIOD - 1), START + PERIOD);
	/* ticks that were missed are made up for */
	assert_int_equal(xdf_vblank_last(&vblank, START + 10 * PERIOD + 5), START + 10 * PERIOD);
	assert_true(xdf_vblank_tick(&vblank, START + 10 * PERIOD + 5));
	assert_int_equal(vblank.next, START + 11 * PERIOD);
	assert_false(xdf_vblank_tick(&vblank, START + 10 * PERIOD + 5));
}

/* What programs expect of timestamps: half a hundredth of a period. */
static void events_of_a_nervous_backend(void **state)
{
	struct xdf_vblank vblank = vblank_at_start();
	u64 last = START;
	int i;

	for (i = 1; i < 2000; i++) {
		u64 now = START + (u64)i * PERIOD + jitter(PERIOD / 8);
		u64 time = vblank_of(&vblank, now);

		assert_within(time - last, PERIOD - PERIOD / 200, PERIOD + PERIOD / 200);
		last = time;
	}
	/* and they have not led it astray */
	assert_within(last + PERIOD / 16, START + 1999ULL * PERIOD,
			START + 1999ULL * PERIOD + PERIOD / 8);
}

static void backend_of_another_rate(void **state)
{
	int rates[] = { PERIOD - PERIOD / 500, PERIOD + PERIOD / 500 }, k, i;

	for (k = 0; k < 2; k++) {
		struct xdf_vblank vblank = vblank_at_start();
		u64 now = START;

		for (i = 0; i < 2000; i++) {
			u64 time;

			now += rates[k];
			time = vblank_of(&vblank, now);
			/* never a vblank more or less than the backend's */
			assert_within(time + PERIOD / 8, now, now + PERIOD / 4);
		}
	}
}

static void backend_of_another_phase(void **state)
{
	int parts[] = { 2, 3, 4, 5, 6, 7 }, k, i;

	for (k = 0; k < 6; k++) {
		struct xdf_vblank vblank = vblank_at_start();
		u64 now = START + PERIOD * parts[k] / 10;
		u64 moved = 0, last = START;

		for (i = 0; i < 20; i++) {
			/* ticks before the event are taken when they are due */
			while (xdf_vblank_tick(&vblank, now) || xdf_vblank_event(&vblank, now)) {
				/* none that DRM would take for the one before, or for two */
				assert_within(vblank.time - last, PERIOD / 2, PERIOD * 3ULL / 2);
				last = vblank.time;
				if (vblank.time == now && !moved)
					moved = i;
			}
			now += PERIOD;
		}
		/* once, and not before it was sure */
		assert_within(moved, 7, 9);
		assert_int_equal(last, now - PERIOD);
	}
}

/* Its events come after flips, which come after vblanks: it has no timer to follow. */
static void backend_that_waits_for_none(void **state)
{
	int after[] = { 20, 8, 4, 3, 2 }, k, i;

	for (k = 0; k < 5; k++) {
		struct xdf_vblank vblank = vblank_at_start();

		for (i = 1; i < 1000; i++) {
			assert_true(xdf_vblank_tick(&vblank, vblank.next));
			xdf_vblank_event(&vblank, vblank.time + PERIOD / after[k]);
		}
		assert_within(vblank.time, START + 999ULL * PERIOD, START + 1001ULL * PERIOD);
	}
}

/* A lone event at an odd time is no vblank. */
static void event_astray(void **state)
{
	struct xdf_vblank vblank = vblank_at_start();
	int i;

	for (i = 1; i < 100; i++) {
		u64 time = vblank.next;

		assert_false(xdf_vblank_event(&vblank, vblank.time + PERIOD / 2));
		assert_true(xdf_vblank_event(&vblank, time));
		assert_int_equal(vblank.time, time);
	}
}

/* A mode that ends and begins again finds the backend where it was. */
static void phase_outlives_a_mode(void **state)
{
	struct xdf_vblank vblank = vblank_at_start();

	xdf_vblank_start(&vblank, PERIOD, START + 100ULL * PERIOD + PERIOD / 3);
	assert_int_equal(vblank.time, START + 100ULL * PERIOD);
	assert_int_equal(vblank.next, START + 101ULL * PERIOD);
	/* the vblank that is due is not lost */
	assert_true(xdf_vblank_tick(&vblank, START + 101ULL * PERIOD));
	/* one of another rate has another phase */
	xdf_vblank_start(&vblank, PERIOD / 2, START + 101ULL * PERIOD + PERIOD / 3);
	assert_int_equal(vblank.time, START + 101ULL * PERIOD + PERIOD / 3);
	assert_int_equal(vblank.next, vblank.time + PERIOD / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_alone),
		cmocka_unit_test(events_of_a_nervous_backend),
		cmocka_unit_test(backend_of_another_rate),
		cmocka_unit_test(backend_of_another_phase),
		cmocka_unit_test(backend_that_waits_for_none),
		cmocka_unit_test(event_astray),
		cmocka_unit_test(phase_outlives_a_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
