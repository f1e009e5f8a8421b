// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Page flips: each must give one event, in order, with what was put in. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xdf-guest.h"

struct flipper {
	struct output *output;
	struct buf bufs[2];
	int front;
	bool pending;
	uint64_t token;		/* the user data of the flip in flight */
	unsigned int sent;
	unsigned int events;
	unsigned int late;	/* sequence numbers passed over */
	uint32_t first_seq;
	uint32_t last_seq;
	double submit;
	double last_ts;
	double first_ts;
	double *interval;	/* us between the events' arrivals */
	double last_arrival;
	double max_wait;	/* us from a flip to its event */
	unsigned int errors;
	bool untold;		/* an accepted flip without an event may be in flight */
};

static struct flipper flippers[MAX_OUTPUTS];
static int nflippers;
static bool check_seq;
static int bad;

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct flipper *by_crtc(uint32_t crtc)
{
	for (int i = 0; i < nflippers; i++)
		if (flippers[i].output->crtc == crtc)
			return &flippers[i];
	return NULL;
}

/* libdrm hands the user data on as a pointer, so it carries output and number. */
static uint64_t token_of(struct flipper *f)
{
	return ((uint64_t)(f - flippers + 1) << 32) | (f->sent + 1);
}

static void on_flip(int fd, unsigned int seq, unsigned int sec, unsigned int usec,
		    unsigned int crtc, void *user)
{
	uint64_t token = (uintptr_t)user;
	struct flipper *f = by_crtc(crtc);
	double ts = sec + usec / 1e6, now = now_s();

	if (!f) {
		bad += fail("event for CRTC %u, which nobody flipped", crtc);
		return;
	}
	if (!f->pending || token != f->token) {
		bad += fail("connector %d: event with user data %llx, %s %llx", f->output->index,
			    (unsigned long long)token, f->pending ? "expected" : "none expected after",
			    (unsigned long long)f->token);
		return;
	}
	if (check_seq && f->events && (int32_t)(seq - f->last_seq) <= 0)
		bad += fail("connector %d: sequence %u after %u", f->output->index, seq, f->last_seq);
	if (f->events && ts < f->last_ts)
		bad += fail("connector %d: timestamp %.6f after %.6f", f->output->index, ts, f->last_ts);
	/* microseconds, cut off */
	if (ts > now + 0.001 || ts < f->submit - (check_seq ? 1 / 1e6 : 1.0))
		bad += fail("connector %d: timestamp %.6f is not near the flip (%.6f to %.6f)",
			    f->output->index, ts, f->submit, now);

	if (f->events) {
		if (seq - f->last_seq > 1)
			f->late += seq - f->last_seq - 1;
		f->interval[f->events - 1] = (now - f->last_arrival) * 1e6;
	} else {
		f->first_seq = seq;
		f->first_ts = now;
	}
	if ((now - f->submit) * 1e6 > f->max_wait)
		f->max_wait = (now - f->submit) * 1e6;
	f->last_seq = seq;
	f->last_ts = ts;
	f->last_arrival = now;
	f->events++;
	f->pending = false;
	f->front = !f->front;
}

static int submit(struct card *c, struct flipper *f, const struct opts *o)
{
	uint32_t fb = f->bufs[!f->front].fb;
	uint32_t flags = DRM_MODE_PAGE_FLIP_EVENT;
	int ret;

	if (o->async)
		flags |= DRM_MODE_PAGE_FLIP_ASYNC;

	f->token = token_of(f);
	f->submit = now_s();
	if (o->atomic) {
		drmModeAtomicReqPtr req = drmModeAtomicAlloc();

		if (!req)
			die("no memory for an atomic request");
		req_prop(c, req, f->output->plane, DRM_MODE_OBJECT_PLANE, "FB_ID", fb);
		ret = drmModeAtomicCommit(c->fd, req, flags | DRM_MODE_ATOMIC_NONBLOCK,
					  (void *)(uintptr_t)f->token);
		drmModeAtomicFree(req);
	} else {
		ret = drmModePageFlip(c->fd, f->output->crtc, fb, flags,
				      (void *)(uintptr_t)f->token);
	}
	if (ret)
		return -errno;
	f->pending = true;
	f->sent++;
	return 0;
}

/*
 * A flip while another is in flight has to be rejected, and harm nothing. On a
 * slow machine the first may just have ended; then its event is there.
 */
static void check_busy(struct card *c, struct flipper *f)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };

	if (drmModePageFlip(c->fd, f->output->crtc, f->bufs[f->front].fb, 0, NULL)) {
		if (errno != EBUSY)
			bad += fail("connector %d: a second flip gave %s, not EBUSY",
				    f->output->index, strerror(errno));
		return;
	}
	if (poll(&pfd, 1, 0) != 1)
		bad += fail("connector %d: a second flip in flight was accepted", f->output->index);
	f->untold = true;
}

/* The next flip, once one that nobody hears of has ended. */
static int submit_next(struct card *c, struct flipper *f, const struct opts *o)
{
	double end = now_s() + o->timeout_ms / 1e3;
	int ret = submit(c, f, o);

	while (ret == -EBUSY && f->untold && now_s() < end) {
		sleep_ms(20);
		ret = submit(c, f, o);
	}
	f->untold = false;
	return ret;
}

static void setup(struct card *c, const struct opts *o, unsigned int count)
{
	card_open(c, o);
	card_outputs(c, o);
	nflippers = c->noutputs;
	for (int i = 0; i < c->noutputs; i++) {
		struct flipper *f = &flippers[i];
		int ret;

		f->output = &c->outputs[i];
		f->interval = calloc(count + 1, sizeof(double));
		if (!f->interval)
			die("no memory for %u intervals", count);
		for (int b = 0; b < 2; b++) {
			ret = buf_create(c, &f->bufs[b], f->output->mode.hdisplay,
					 f->output->mode.vdisplay, o->format, o->pad);
			if (ret)
				die("connector %d: buffer: %s", f->output->index, strerror(-ret));
			say("conn%d.crc%d=%08x", f->output->index, b,
			    buf_fill(&f->bufs[b], o, o->seed + 2 * f->output->index + b));
		}
		ret = o->atomic ? output_set_atomic(c, f->output, f->bufs[0].fb) :
				  output_set(c, f->output, f->bufs[0].fb);
		if (ret)
			die("connector %d: setting the mode: %s", f->output->index, strerror(-ret));
	}
}

int cmd_flips(const struct opts *o)
{
	unsigned int count = o->count ?: 100;
	drmEventContext ctx = {
		.version = 3,
		.page_flip_handler2 = on_flip,
	};
	unsigned int open_flips = 0, total = 0;
	struct pollfd pfd;
	struct card c;
	double start;

	check_seq = !o->async && !o->any_sequence;
	setup(&c, o, count);
	pfd = (struct pollfd){ .fd = c.fd, .events = POLLIN };

	start = now_s();
	do {
		open_flips = 0;
		for (int i = 0; i < nflippers; i++) {
			struct flipper *f = &flippers[i];
			int ret;

			if (!f->pending && f->sent < count && i >= (int)o->still) {
				ret = submit_next(&c, f, o);
				if (ret)
					return fail("connector %d: flip %u: %s", f->output->index,
						    f->sent + 1, strerror(-ret));
				if (o->busy)
					check_busy(&c, f);
			}
			open_flips += f->pending;
		}
		if (!open_flips)
			break;

		switch (poll(&pfd, 1, o->timeout_ms)) {
		case 0:
			for (int i = 0; i < nflippers; i++)
				if (flippers[i].pending)
					fail("connector %d: no event for flip %u within %u ms",
					     flippers[i].output->index, flippers[i].sent, o->timeout_ms);
			return 1;
		case 1:
			if (drmHandleEvent(c.fd, &ctx))
				return fail("reading events: %s", strerror(errno));
			break;
		default:
			return fail("poll: %s", strerror(errno));
		}
	} while (!bad);
	start = now_s() - start;

	/* An event too many may take its time. */
	if (!bad && poll(&pfd, 1, 300) > 0) {
		drmHandleEvent(c.fd, &ctx);
		if (!bad)
			bad += fail("something to read after the last event");
	}

	for (int i = 0; i < nflippers; i++) {
		struct flipper *f = &flippers[i];
		unsigned int n = f->events > 1 ? f->events - 1 : 0;

		qsort(f->interval, n, sizeof(double), cmp_double);
		say("conn%d.flips=%u", f->output->index, f->sent);
		say("conn%d.events=%u", f->output->index, f->events);
		say("conn%d.first_seq=%u", f->output->index, f->first_seq);
		say("conn%d.last_seq=%u", f->output->index, f->last_seq);
		say("conn%d.passed_over=%u", f->output->index, f->late);
		say("conn%d.min_us=%.0f", f->output->index, n ? f->interval[0] : 0);
		say("conn%d.median_us=%.0f", f->output->index, n ? f->interval[n / 2] : 0);
		say("conn%d.max_us=%.0f", f->output->index, n ? f->interval[n - 1] : 0);
		say("conn%d.max_wait_us=%.0f", f->output->index, f->max_wait);
		say("conn%d.front=%d", f->output->index, f->front);
		if (f->events != (i < (int)o->still ? 0 : count))
			bad += fail("connector %d: %u flips, %u events", f->output->index,
				    f->sent, f->events);
		total += f->events;
	}
	say("seconds=%.3f", start);
	say("flips_per_s=%.1f", total / start);

	if (o->hold && !bad)
		hold_in_background();

	for (int i = 0; i < nflippers; i++) {
		output_off(&c, flippers[i].output);
		buf_destroy(&c, &flippers[i].bufs[0]);
		buf_destroy(&c, &flippers[i].bufs[1]);
	}
	card_close(&c);
	return bad ? 1 : 0;
}

static volatile sig_atomic_t stop;
static sigjmp_buf touch_failed;

static void on_stop(int sig)
{
	stop = 1;
}

static void on_fault(int sig)
{
	siglongjmp(touch_failed, sig);
}

/* Write to and read from the whole mapping. */
static bool touch(struct buf *b, uint8_t v)
{
	if (sigsetjmp(touch_failed, 1))
		return false;
	for (uint64_t i = 0; i < b->size; i += 4096) {
		((volatile uint8_t *)b->map)[i] = v;
		if (((volatile uint8_t *)b->map)[i] != v)
			return false;
	}
	return true;
}

/*
 * The life of a desktop whose card may go: it flips, notes errors, goes on
 * using its mappings, and ends when told to.
 */
int cmd_hold(const struct opts *o)
{
	drmEventContext ctx = {
		.version = 3,
		.page_flip_handler2 = on_flip,
	};
	unsigned int errors = 0, missing = 0, beat = 0;
	double end = o->seconds ? now_s() + o->seconds : 0, report = 0;
	int last_errno = 0, touch_bad = 0;
	struct pollfd pfd;
	struct card c;

	signal(SIGTERM, on_stop);
	signal(SIGINT, on_stop);
	signal(SIGBUS, on_fault);
	signal(SIGSEGV, on_fault);

	/* Intervals are not kept: the array has one entry, always overwritten. */
	check_seq = true;
	setup(&c, o, 1);
	say("ready=1");
	pfd = (struct pollfd){ .fd = c.fd, .events = POLLIN };

	while (!stop && (!end || now_s() < end)) {
		bool any = false;

		for (int i = 0; i < nflippers; i++) {
			struct flipper *f = &flippers[i];
			int ret;

			if (f->pending && now_s() - f->submit > o->timeout_ms / 1e3) {
				missing++;
				f->pending = false;
				say("missing=%u conn=%d", missing, f->output->index);
			}
			if (!f->pending) {
				ret = submit(&c, f, o);
				if (ret && -ret != last_errno)
					say("error=%s after=%u", strerrorname_np(-ret), f->sent);
				last_errno = -ret;
				errors += !!ret;
			}
			if (f->events > 1)
				f->events = 1;
			any |= f->pending;
		}

		if (any && poll(&pfd, 1, 100) > 0 && !(pfd.revents & (POLLERR | POLLHUP)))
			drmHandleEvent(c.fd, &ctx);
		else
			sleep_ms(20);

		if (now_s() - report > 0.5) {
			report = now_s();
			beat++;
			for (int i = 0; i < nflippers; i++)
				for (int b = 0; b < 2; b++)
					if (!touch(&flippers[i].bufs[b], beat) && !touch_bad++)
						fail("connector %d: a mapping cannot be used any more",
						     flippers[i].output->index);
			say("beat=%u flips=%u errors=%u", beat, flippers[0].sent, errors);
		}
	}

	say("flips=%u", flippers[0].sent);
	say("errors=%u", errors);
	say("missing=%u", missing);
	say("last_error=%s", last_errno ? strerrorname_np(last_errno) : "none");
	for (int i = 0; i < nflippers; i++) {
		output_off(&c, flippers[i].output);
		buf_destroy(&c, &flippers[i].bufs[0]);
		buf_destroy(&c, &flippers[i].bufs[1]);
	}
	card_close(&c);
	say("closed=1");
	if (bad || touch_bad)
		return fail("%d wrong events, %d failed accesses", bad, touch_bad);
	return 0;
}
