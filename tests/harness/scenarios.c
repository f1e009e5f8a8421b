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
	if (grants_in_use())
		grants_dump();
	expect(!grants_in_use());
	expect(!pages_in_use());
	expect(!irqs_bound());
	expect(!evtchns_open());
	expect(!dma_bufs_left());
	expect(!foreign_maps());
	expect(!hrtimers_armed());
}

/*
 * A process with two framebuffers
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

	eventually((s->file = user_open()));
	for (i = 0; i < 2; i++) {
		expect(!user_dumb(s->file, WIDTH, HEIGHT, 32, &dumb));
		s->handle[i] = dumb.handle;
		user_draw(s->file, dumb.handle, 0x11 * (i + 1));
		s->fb[i] = user_addfb(s->file, dumb.handle, WIDTH, HEIGHT, dumb.pitch, 0,
					DRM_FORMAT_XRGB8888);
		expect(!IS_ERR(s->fb[i]));
	}
}

static void screen_close(struct screen *s)
{
	int i;

	for (i = 0; i < 2; i++)
		user_rmfb(s->file, s->fb[i]);
	user_close(s->file);
}

static int screen_show(struct screen *s, unsigned int crtc, int i)
{
	struct user_commit args = {
		.crtc = crtc, .width = WIDTH, .height = HEIGHT, .fb = s->fb[i],
	};

	return user_commit(s->file, &args);
}

static int screen_off(struct screen *s, unsigned int crtc)
{
	struct user_commit args = { .crtc = crtc };

	return user_commit(s->file, &args);
}

static void run_first_light(unsigned long unused)
{
	struct screen s;
	int i;

	eventually(connected());
	screen_open(&s);
	for (i = 0; i < 20; i++)
		expect(!screen_show(&s, i % 2, i / 2 % 2));
	eventually(backend_shown(0));
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
	eventually(backend_shown(1));
	expect(!screen_off(&s, 1));
	eventually(!backend_shown(1));
	backend.decide = NULL;
	screen_close(&s);
}

static unsigned long requests_of(u8 operation)
{
	struct backend_counts c;

	backend_count(&c);
	return c.ops[operation & 15];
}

static unsigned long buffers_created(void)
{
	return requests_of(DISPLIF_OP_DBUF_CREATE);
}

/* The part of a framebuffer that begins where that does needs no buffer of its own. */
static void run_first_part(unsigned long unused)
{
	struct user_commit args = { .width = WIDTH / 2, .height = HEIGHT / 2 };
	unsigned long before;
	struct screen s;
	int i;

	eventually(connected());
	screen_open(&s);
	before = buffers_created();
	for (i = 0; i < 6; i++) {
		args.fb = s.fb[i / 2 % 2];
		args.crtc = i % 2;
		expect(!user_commit(s.file, &args));
	}
	eventually(backend_shown(0) && backend_shown(1));
	expect(buffers_created() == before);
	/* elsewhere it does */
	args.x = 1;
	expect(!user_commit(s.file, &args));
	eventually(buffers_created() == before + 1);
	screen_off(&s, 0);
	screen_off(&s, 1);
	screen_close(&s);
}

static unsigned int flips_to_reject;

static s32 reject_one_flip(unsigned int connector, const struct displif_req *req)
{
	if (!flips_to_reject || req->operation != DISPLIF_OP_PG_FLIP)
		return 1;
	flips_to_reject--;
	return -EIO;
}

/*
 * Flips whose events are waited for: no two at once, and an error, which has no event
 * and does not ring, is noticed within some refreshes.
 */
static void run_flips(unsigned long unused)
{
	struct user_commit args = {
		.width = WIDTH, .height = HEIGHT, .nonblock = true, .async = true,
	};
	struct completion done;
	struct screen s;
	u64 begin, took = U64_MAX;
	int i, ret, busy = 0;

	eventually(connected());
	screen_open(&s);
	expect(!screen_show(&s, 0, 0));
	usleep(100000);
	args.done = &done;
	for (i = 0; i < 50; i++) {
		args.fb = s.fb[i % 2];
		init_completion(&done);
		/* the one without an event may be on its way */
		while ((ret = user_commit(s.file, &args)) == -EBUSY)
			usleep(100);
		expect(!ret);
		args.done = NULL;
		ret = user_commit(s.file, &args);
		busy += ret == -EBUSY;
		args.done = &done;
		wait_for_completion(&done);
	}
	expect(busy);
	backend.decide = reject_one_flip;
	args.fb = s.fb[0];
	/* a busy machine may stop for a while, but not each time */
	for (i = 0; i < 5; i++) {
		expect(!screen_off(&s, 0));
		eventually(!backend_shown(0));
		expect(!screen_show(&s, 0, 1));
		eventually(backend_shown(0));
		init_completion(&done);
		flips_to_reject = 1;
		while ((ret = user_commit(s.file, &args)) == -EBUSY)
			usleep(100);
		expect(!ret);
		begin = ktime_get_ns();
		wait_for_completion(&done);
		took = min(took, ktime_get_ns() - begin);
		eventually(!flips_to_reject);
	}
	/* the watchdog would take a second */
	expect(took < NSEC_PER_SEC / 2);
	backend.decide = NULL;
	screen_off(&s, 0);
	screen_close(&s);
}

/* Responses to nothing: what is wrong with the next flip's. */
static enum wrong { RIGHT, PANIC, OTHER_ID, OTHER_OPERATION, TWICE, LATE_EDID } wrong;
static struct displif_resp late_edid;

static bool answer_wrongly(unsigned int connector, const struct displif_req *req,
			   const struct displif_resp *resp)
{
	struct displif_resp other = *resp;
	enum wrong what = wrong;

	if (connector || req->operation != DISPLIF_OP_PG_FLIP)
		return false;
	wrong = RIGHT;
	switch (what) {
	case OTHER_ID:
		other.id ^= 32;
		break;
	case OTHER_OPERATION:
		other.operation = DISPLIF_OP_SET_CONFIG;
		break;
	case TWICE:
		backend_respond(connector, &other);
		break;
	case LATE_EDID:
		backend_respond(connector, &late_edid);
		return false;
	default:
		return false;
	}
	backend_respond(connector, &other);
	return true;
}

static bool answer_no_edid(unsigned int connector, const struct displif_req *req,
			   const struct displif_resp *resp)
{
	if (req->operation != DISPLIF_OP_GET_EDID)
		return answer_wrongly(connector, req, resp);
	if (!connector)
		late_edid = *resp;
	return !connector;
}

/* Is the connection lost by it? Shows a picture before and after. */
static bool loses(struct screen *s, enum wrong what)
{
	unsigned long binds;
	struct backend_counts c;
	int i;

	eventually(connected());
	expect(!screen_show(s, 0, 0));
	backend_count(&c);
	binds = c.binds;
	if (what == PANIC)
		user_panic(s->file, 0);
	wrong = what;
	for (i = 0; i < 10; i++)
		expect(!screen_show(s, 0, i % 2));
	eventually(wrong == RIGHT);
	usleep(100000);
	eventually(connected() && backend_shown(0));
	backend_count(&c);
	return c.binds != binds;
}

static void run_responses(unsigned long unused)
{
	struct screen s;

	eventually(connected());
	screen_open(&s);
	backend.answer = answer_wrongly;
	expect(!loses(&s, RIGHT));
	/* nobody waits for what a panic sends, which may be a rehearsal */
	expect(!loses(&s, PANIC));
	expect(loses(&s, OTHER_ID));
	expect(loses(&s, OTHER_OPERATION));
	expect(loses(&s, TWICE));
	/* after its deadline, which is no fault of the backend's, it is known yet, once */
	backend.answer = answer_no_edid;
	backend_unbind();
	store_write(BACKEND_PATH "/state", "%d", XenbusStateInitWait);
	eventually(connected() && late_edid.operation == DISPLIF_OP_GET_EDID);
	expect(!loses(&s, LATE_EDID));
	expect(loses(&s, LATE_EDID));
	backend.answer = NULL;
	screen_off(&s, 0);
	screen_close(&s);
}

/* The toolstack goes over its connectors while the backend comes and goes. */
static void run_reconfigure(unsigned long unused)
{
	unsigned int width = 0, height, i, connections;
	char path[128];
	struct screen s;

	/* a line of each connector's at each connection */
	backend.status[DISPLIF_OP_GET_EDID & 15] = -EIO;
	eventually(connected());
	screen_open(&s);
	for (connections = 0; connections < 4; connections++) {
		backend_unbind();
		store_write(BACKEND_PATH "/state", "%d", XenbusStateInitWait);
		for (i = 0; !connected() || i % 8; i++) {
			snprintf(path, sizeof(path), "%s/%d/resolution", FRONTEND_PATH, i % CONNECTORS);
			store_write(path, "%dx%d", WIDTH - i % 8, HEIGHT);
			usleep(100);
			/* the next resolution adds it again */
			if (i == 9)
				store_remove(FRONTEND_PATH "/1");
		}
	}
	for (i = 0; i < CONNECTORS; i++)
		eventually((user_probe(s.file), user_mode(s.file, i, &width, &height)) &&
			   width == WIDTH - 8 + CONNECTORS - i);
	backend.status[DISPLIF_OP_GET_EDID & 15] = 0;
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

/*
 * Everything at once: userspace that does what it may, memory that fails, a backend
 * that does what it can, a toolstack that takes the display away and puts it back
 */

static bool over, ending;
static unsigned long commits, framebuffers;

struct buffer {
	u32 handle;
	struct dma_buf *dmabuf;
	struct drm_framebuffer *fb;
	unsigned int width, height;
};

static const u32 formats[] = {
	DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_RGB565, DRM_FORMAT_XBGR8888,
};

static bool buffer_make(struct drm_file *file, struct buffer *b)
{
	u32 format = formats[rnd() % 8 < 4 ? rnd() % ARRAY_SIZE(formats) : 0];
	u32 cpp = drm_format_info(format)->cpp[0], pitch, offset, size;
	struct drm_mode_create_dumb dumb;

	memset(b, 0, sizeof(*b));
	b->width = WIDTH + rnd() % 32;
	b->height = HEIGHT + rnd() % 16;
	pitch = b->width * cpp;
	if (rnd() % 6 == 0) {
		size = pitch * (b->height + 1);
		b->dmabuf = dma_buf_make(DIV_ROUND_UP(size, PAGE_SIZE), rnd() % 3 == 0);
		if (user_import(file, b->dmabuf, &b->handle))
			goto err_dmabuf;
	} else {
		if (user_dumb(file, b->width, b->height, cpp * 8, &dumb))
			return false;
		b->handle = dumb.handle;
		pitch = dumb.pitch;
		user_draw(file, b->handle, rnd());
	}
	offset = rnd() % 4 ? 0 : cpp * (rnd() % 8);
	if (rnd() % 8 == 0)
		pitch += cpp * (rnd() % 3);
	b->fb = user_addfb(file, b->handle, b->width, b->height, pitch, offset, format);
	if (!IS_ERR(b->fb)) {
		__atomic_add_fetch(&framebuffers, 1, __ATOMIC_RELAXED);
		return true;
	}
	user_gem_close(file, b->handle);
err_dmabuf:
	if (b->dmabuf)
		dma_buf_put(b->dmabuf);
	return false;
}

static void buffer_free(struct drm_file *file, struct buffer *b)
{
	bool first = rnd() % 2;

	if (first)
		user_gem_close(file, b->handle);
	user_rmfb(file, b->fb);
	if (!first)
		user_gem_close(file, b->handle);
	if (b->dmabuf) {
		dma_buf_hold(b->dmabuf, false);
		dma_buf_put(b->dmabuf);
	}
}

static void event_wait(struct completion *done)
{
	/* a busy machine may be late by some seconds of real time */
	if (!completion_wait(done, ktime_get_ns() + (60ULL + 20 * time_scale) * NSEC_PER_SEC, false))
		bug("a process waits minutes for the event of its flip");
}

static void user_flip(struct drm_file *file, unsigned int crtc, struct buffer *b)
{
	struct user_commit args = {
		.crtc = crtc, .fb = b->fb, .width = WIDTH, .height = HEIGHT,
		.async = rnd() % 8 == 0, .nonblock = rnd() % 2, .damaged = rnd() % 3 == 0,
		.damage = { rnd() % 40, rnd() % 40, 40 + rnd() % 80, 40 + rnd() % 80 },
	};
	struct completion done;
	unsigned int kill = kill_one_in;
	int ret;

	init_completion(&done);
	if (rnd() % 3)
		args.done = &done;
	if (rnd() % 4 == 0) {
		args.x = rnd() % (b->width - WIDTH + 1);
		args.y = rnd() % (b->height - HEIGHT + 1);
	}
	if (rnd() % 16 == 0)
		args.fb = NULL;
	if (rnd() % 16 == 0)
		args.width = 0;
	else if (rnd() % 16 == 0)
		args.height -= rnd() % 3;
	ret = user_commit(file, &args);
	__atomic_add_fetch(&commits, 1, __ATOMIC_RELAXED);
	kill_one_in = 0;
	if (!ret && args.done)
		event_wait(&done);
	kill_one_in = kill;
}

static void user_crc(struct drm_file *file, unsigned int i, bool on)
{
	struct drm_crtc *crtc = file->dev->mode_config.crtcs[i];

	if (crtc->funcs->set_crc_source)
		crtc->funcs->set_crc_source(crtc, on ? "auto" : NULL);
}

static void user_session(struct drm_file *file, unsigned int number)
{
	bool shows = number < CONNECTORS, crc = shows && rnd() % 4 == 0;
	unsigned int i, n = 0, rounds = 1 + rnd() % 12;
	struct buffer buffers[3];

	for (i = 0; i < ARRAY_SIZE(buffers); i++)
		n += buffer_make(file, &buffers[n]);
	if (crc)
		user_crc(file, number, true);
	while (n && rounds-- && !READ_ONCE(over)) {
		struct buffer *b = &buffers[rnd() % n];
		struct drm_clip_rect clip = { rnd() % 20, rnd() % 20, 20 + rnd() % 99, 20 + rnd() % 99 };

		if (shows)
			user_flip(file, number, b);
		if (b->dmabuf && rnd() % 4 == 0)
			dma_buf_hold(b->dmabuf, rnd() % 2);
		if (rnd() % 2 && !(b->dmabuf && READ_ONCE(b->dmabuf->held)))
			user_dirty(file, b->fb, rnd() % 2 ? &clip : NULL);
		if (b->dmabuf)
			dma_buf_hold(b->dmabuf, false);
		if (rnd() % 8 == 0)
			user_debugfs(file);
		if (rnd() % 32 == 0)
			user_probe(file);
		if (rnd() % 16 == 0)
			shrink_memory();
		if (rnd() % 2)
			usleep(rnd() % 200);
	}
	if (crc)
		user_crc(file, number, false);
	while (n--)
		buffer_free(file, &buffers[n]);
}

static void *user_thread(void *data)
{
	unsigned long number = (unsigned long)data;

	while (!READ_ONCE(over)) {
		struct drm_file *file = user_open();
		bool calm = READ_ONCE(ending);

		if (!file) {
			usleep(500);
			continue;
		}
		fail_one_in = number & 1 && !calm ? 200 : 0;
		kill_one_in = rnd() % 4 || calm ? 0 : 3;
		user_session(file, number);
		fail_one_in = 0;
		kill_one_in = 0;
		user_close(file);
		usleep(rnd() % 1000);
	}
	return NULL;
}

static void toolstack_step(void)
{
	switch (rnd() % 8) {
	case 0:
	case 1:
		display_detach();
		if (rnd() % 2)
			usleep(rnd() % 3000);
		toolstack_configure();
		store_write(FRONTEND_PATH "/" DISPLIF_NODE_BE_ALLOC, "%d", (int)(rnd() % 3 == 0));
		display_attach();
		break;
	case 2:
		guest_suspend();
		break;
	case 3:
		store_write(FRONTEND_PATH "/1/resolution", "%dx%d", (int)(WIDTH - rnd() % 3),
			    HEIGHT);
		break;
	case 4:
		store_write(FRONTEND_PATH "/0/resolution", rnd() % 2 ? "none" : "%dx%d", WIDTH,
			    HEIGHT);
		break;
	case 5:
		store_remove(FRONTEND_PATH "/1");
		break;
	}
}

static void run_hostile(unsigned long messages)
{
	pthread_t threads[5];
	struct backend_counts c;
	unsigned long i, before;
	u64 begin = ktime_get_ns();

	if (!messages)
		messages = 200000;
	log_keep(false);
	backend = (struct behaviour) {
		.hostile = true, .late = true, .breaks = 40, .silent = 40, .errors = 3000,
		.states = 20,
	};
	works_fail_one_in = seed % 2 ? 1000 : 0;
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, user_thread, (void *)i);
	while (backend_messages() < messages) {
		usleep(1000 * (1 + rnd() % 100));
		toolstack_step();
	}
	/* and then all has to work */
	WRITE_ONCE(ending, true);
	WRITE_ONCE(works_fail_one_in, 0);
	backend_pause(true);
	backend = (struct behaviour) {};
	backend_pause(false);
	display_detach();
	backend_unbind();
	toolstack_configure();
	store_write(FRONTEND_PATH "/" DISPLIF_NODE_BE_ALLOC, "0");
	display_attach();
	eventually(connected());
	before = drm_events_sent();
	eventually(drm_events_sent() > before + 20);
	WRITE_ONCE(over, true);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	backend_count(&c);
	printf("%lu messages in %llu s of the guest's: %lu responses, %lu events, %lu breaks, %lu states, %lu connections; %lu framebuffers, %lu commits, %lu events to userspace, %lu interrupts, %lu lines\n",
	       c.responses + c.events, (ktime_get_ns() - begin) / NSEC_PER_SEC, c.responses,
	       c.events, c.breaks, c.states, c.binds, framebuffers, commits, drm_events_sent(),
	       irqs_taken(false), log_lines);
}

const struct scenario scenarios[] = {
	{ "first_light", "an honest backend, a process that flips", run_first_light },
	{ "rejected_off", "a rejected flip and mode, then off", run_rejected_off },
	{ "first_part", "parts of a framebuffer that begin where it does", run_first_part },
	{ "flips", "flips without a wait, and one that is rejected", run_flips },
	{ "responses", "responses to no request, and one that is late", run_responses },
	{ "reconfigure", "resolutions written over and over", run_reconfigure },
	{ "stray_events", "events without a flip, without end", run_stray_events },
	{ "state_storm", "states as fast as they are read", run_state_storm },
	{ "hostile", "so many messages of a backend that does all it can", run_hostile },
	{}
};
