// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <unistd.h>

#include "backend.h"
#include "scenarios.h"

#define WIDTH	96
#define HEIGHT	64

/* Of real time, until something is as it should be. */
#define WAIT_MS	8000

#define expect(c) do {							\
	if (!(c))							\
		bug("%s is not so, at %s:%d", #c, __FILE__, __LINE__);	\
} while (0)
#define eventually(c) do {						\
	unsigned int _ms = 0;						\
									\
	while (!(c)) {							\
		if (_ms++ == WAIT_MS)					\
			bug("%s does not come true in %d s, at %s:%d",	\
			    #c, WAIT_MS / 1000, __FILE__, __LINE__);	\
		usleep(1000);						\
	}								\
} while (0)

static void toolstack_configure(void)
{
	char path[128];
	int i;

	for (i = 0; i < CONNECTORS; i++) {
		snprintf(path, sizeof(path), "%s/%d/resolution", FRONTEND_PATH, i);
		store_write(path, "%dx%d", WIDTH, HEIGHT);
		snprintf(path, sizeof(path), "%s/%d/unique-id", FRONTEND_PATH, i);
		store_write(path, "id%d", i);
	}
	store_write(BACKEND_PATH "/online", "1");
	store_write(BACKEND_PATH "/" DISPLIF_NODE_BE_VERSIONS, "1,2");
	store_write(BACKEND_PATH "/state", "%d", XenbusStateInitWait);
}

static bool connected(void)
{
	return store_number(FRONTEND_PATH "/state", 0) == XenbusStateConnected &&
		store_number(BACKEND_PATH "/state", 0) == XenbusStateConnected;
}

void world_start(void)
{
	int ret;

	toolstack_configure();
	display_attach();
	ret = harness_init();
	if (ret)
		bug("the module is not loaded: %d", ret);
}

void world_end(void)
{
	backend = (struct behaviour) {};
	fail_one_in = 0;
	works_fail_one_in = 0;
	if (display_device())
		display_detach();
	backend_unbind();
	eventually(!module_users());
	harness_exit();
	backend_unbind();
	expect(!drm_objects_left());
	expect(!grants_in_use());
	expect(!pages_in_use());
	expect(!irqs_bound());
	expect(!evtchns_open());
	expect(!dma_bufs_left());
	expect(!foreign_maps());
	expect(!hrtimers_armed());
}

/*
 * A client with two framebuffers
 */

struct screen {
	struct drm_file *file;
	u32 handle[2];
	struct drm_framebuffer *fb[2];
};

static void screen_open(struct screen *s)
{
	struct drm_mode_create_dumb dumb;
	int i;

	eventually((s->file = client_open()));
	for (i = 0; i < 2; i++) {
		expect(!client_dumb(s->file, WIDTH, HEIGHT, 32, &dumb));
		s->handle[i] = dumb.handle;
		client_draw(s->file, dumb.handle, 0x11 * (i + 1));
		s->fb[i] = client_addfb(s->file, dumb.handle, WIDTH, HEIGHT, dumb.pitch, 0,
					DRM_FORMAT_XRGB8888);
		expect(!IS_ERR(s->fb[i]));
	}
}

static void screen_close(struct screen *s)
{
	int i;

	for (i = 0; i < 2; i++)
		client_rmfb(s->file, s->fb[i]);
	client_close(s->file);
}

static int screen_show(struct screen *s, unsigned int crtc, int i)
{
	struct client_commit args = {
		.crtc = crtc, .width = WIDTH, .height = HEIGHT, .fb = s->fb[i],
	};

	return client_commit(s->file, &args);
}

static int screen_off(struct screen *s, unsigned int crtc)
{
	struct client_commit args = { .crtc = crtc };

	return client_commit(s->file, &args);
}

static void run_first_light(unsigned long unused)
{
	struct screen s;
	int i;

	eventually(connected());
	screen_open(&s);
	for (i = 0; i < 20; i++)
		expect(!screen_show(&s, i % 2, i / 2 % 2));
	expect(backend_shown(0));
	expect(!screen_off(&s, 0));
	eventually(!backend_shown(0));
	screen_close(&s);
}

/* A flip and the mode that follows it are rejected: off has to be sent all the same. */
static s32 reject_flips(unsigned int connector, const struct displif_req *req)
{
	if (req->operation == DISPLIF_OP_PG_FLIP)
		return -EIO;
	if (req->operation == DISPLIF_OP_SET_CONFIG && req->op.set_config.fb_cookie)
		return -ENOMEM;
	return 1;
}

static void run_rejected_off(unsigned long unused)
{
	struct screen s;

	eventually(connected());
	screen_open(&s);
	expect(!screen_show(&s, 1, 0));
	backend.decide = reject_flips;
	expect(!screen_show(&s, 1, 1));
	usleep(100000);
	expect(backend_shown(1));
	expect(!screen_off(&s, 1));
	eventually(!backend_shown(1));
	backend.decide = NULL;
	screen_close(&s);
}

/* Events of flips that nobody asked for: as fast as the frontend takes them. */
static void run_stray_events(unsigned long events)
{
	unsigned long sent = 0, taken, spurious;

	if (!events)
		events = 300000;
	eventually(connected());
	usleep(100000);
	backend_pause(true);
	taken = irqs_taken(false);
	spurious = irqs_taken(true);
	log_clear();
	while (sent < events && connected()) {
		u64 end = ktime_get_ns() + 20ULL * NSEC_PER_SEC;

		while (backend_event_room(0)) {
			backend_event(0, 1000000 + sent);
			sent++;
		}
		backend_kick_events(0);
		while (!backend_event_room(0) && connected() && ktime_get_ns() < end)
			usleep(10);
		/* it has been slowed down: that will do as well */
		if (ktime_get_ns() >= end)
			break;
	}
	taken = irqs_taken(false) - taken;
	spurious = irqs_taken(true) - spurious;
	printf("%lu stray events, %lu interrupts, %lu of them spurious, %lu lines\n", sent, taken,
	       spurious, log_lines);
	/* either the connection is given up, with a line, or the interrupts come slowly */
	if (connected())
		expect(spurious > taken / 2);
	else
		expect(log_lines);
	expect(sent < events);
	backend_pause(false);
	eventually(connected());
}

/* A backend that goes through its states for nothing must not be followed as fast. */
static void run_state_storm(unsigned long unused)
{
	unsigned long writes = 0, states, lines;
	u64 end;

	eventually(connected());
	backend_pause(true);
	log_clear();
	states = frontend_states();
	end = ktime_get_ns() + 60ULL * NSEC_PER_SEC;
	while (ktime_get_ns() < end) {
		store_write(BACKEND_PATH "/state", "%u",
			    writes++ % 2 ? XenbusStateConnected : XenbusStateInitWait);
		xenwatch_idle(100);
	}
	states = frontend_states() - states;
	lines = log_lines;
	printf("%lu states in a minute, %lu of the frontend's, %lu lines\n", writes, states, lines);
	expect(lines < 100);
	expect(states < 200);
	store_write(BACKEND_PATH "/state", "%u", XenbusStateInitWait);
	backend_unbind();
	backend_pause(false);
	eventually(connected());
}

const struct scenario scenarios[] = {
	{ "first_light", "an honest backend, a client that flips", run_first_light },
	{ "rejected_off", "a rejected flip and mode, then off", run_rejected_off },
	{ "stray_events", "events without a flip, without end", run_stray_events },
	{ "state_storm", "states as fast as they are read", run_state_storm },
	{}
};
