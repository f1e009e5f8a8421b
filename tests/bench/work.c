// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * work COMMAND [OPTIONS]: what the bench has a guest do. What counts is between
 * marks, which count.c sees; what the kernel itself counts meanwhile is said, as
 * key=value lines, with the number of operations.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
/* what the next one lacks */
typedef uint16_t domid_t;
#include <xen/evtchn.h>
#include <xen/gntalloc.h>

#include "../guest/xdf-guest.h"
#include "mark.h"
#include "ring.h"

#define WARM_UP	50

static struct opts o = { .nconns = 1, .timeout_ms = 60000 };
static unsigned int count = 1, settle, spare, order;
static const char *what = "";
static struct card card;

/* Whatever the kernel keeps for later: shrinkers run. */
static void drop(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (fd < 0 || write(fd, "2", 1) != 1)
		die("drop_caches: %s", strerror(errno));
	close(fd);
}

/* The first numbers of that form which the driver's debugfs has; false when it has none. */
static bool debugfs(const char *form, unsigned long *a, unsigned long *b)
{
	bool found = false;
	char line[200];
	FILE *f = fopen("/sys/kernel/debug/dri/0/xen", "r");

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, form, a, b) > 0;
	if (f)
		fclose(f);
	return found;
}

/* What is left of the work before is not to end in a window of this one. */
static void calm(void)
{
	unsigned long kept, none;
	unsigned int tries;

	/* a thousand buffers that end one after the other take their time */
	for (tries = 0; tries < 1000; tries++) {
		drop();
		sleep_ms(50);
		if (!debugfs("grants kept for new buffers: %lu", &kept, &none) || !kept)
			return;
	}
	die("%lu grants are kept all the same", kept);
}

/* The window in which it counts. */

struct seen {
	unsigned long long ticks, display, other, switches;
};

static struct seen before, during;
static unsigned int windows;
static double began, lasted;

static void look(struct seen *s)
{
	char line[1024];
	FILE *f = fopen("/proc/interrupts", "r");

	memset(s, 0, sizeof(*s));
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long long n = 0, v;
		char *p = strchr(line, ':'), *end;

		if (!p)
			continue;
		for (p++; v = strtoull(p, &end, 10), end != p; p = end)
			n += v;
		if (strstr(p, "timer0"))
			s->ticks += n;
		else if (strstr(p, "vdispl") || strstr(p, "xen-drm-front"))
			s->display += n;
		else if (strstr(p, "xen-"))
			s->other += n;
	}
	if (f)
		fclose(f);
	f = fopen("/proc/stat", "r");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "ctxt %llu", &s->switches);
	if (f)
		fclose(f);
}

static void window(void)
{
	look(&before);
	began = now_s();
	mark(MARK_BEGIN);
}

static void window_end(void)
{
	struct seen now;

	mark(MARK_END);
	lasted += now_s() - began;
	look(&now);
	during.ticks += now.ticks - before.ticks;
	during.display += now.display - before.display;
	during.other += now.other - before.other;
	during.switches += now.switches - before.switches;
	windows++;
}

static void report(double ops)
{
	say("ops=%.0f", ops);
	say("windows=%u", windows);
	say("seconds=%.4f", lasted);
	say("ticks=%llu", during.ticks);
	say("display=%llu", during.display);
	say("other=%llu", during.other);
	say("switches=%llu", during.switches);
}

static void size_of(unsigned int *w, unsigned int *h)
{
	*w = o.width ?: card.outputs[0].mode.hdisplay;
	*h = o.height ?: card.outputs[0].mode.vdisplay;
}

static void make(struct buf *b, unsigned int w, unsigned int h)
{
	struct drm_mode_create_dumb create = { .width = w, .height = h, .bpp = 32 };

	memset(b, 0, sizeof(*b));
	if (drmIoctl(card.fd, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		die("buffer of %ux%u: %s", w, h, strerror(errno));
	*b = (struct buf){ .handle = create.handle, .pitch = create.pitch, .size = create.size,
			   .width = w, .height = h };
}

static void add_fb(struct buf *b)
{
	uint32_t handles[4] = { b->handle }, pitches[4] = { b->pitch }, offsets[4] = { 0 };

	if (drmModeAddFB2(card.fd, b->width, b->height, DRM_FORMAT_XRGB8888, handles, pitches,
			  offsets, &b->fb, 0))
		die("AddFB of %ux%u: %s", b->width, b->height, strerror(errno));
}

static void map(struct buf *b)
{
	struct drm_mode_map_dumb m = { .handle = b->handle };

	if (drmIoctl(card.fd, DRM_IOCTL_MODE_MAP_DUMB, &m))
		die("MAP_DUMB: %s", strerror(errno));
	b->map = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, card.fd, m.offset);
	if (b->map == MAP_FAILED)
		die("mmap: %s", strerror(errno));
}

static void cycle(unsigned int w, unsigned int h)
{
	struct buf b;

	make(&b, w, h);
	add_fb(&b);
	buf_destroy(&card, &b);
}

static void open_card(void)
{
	struct opts any = o;

	/* the size is that of buffers */
	any.width = 0;
	any.height = 0;
	card_open(&card, &any);
	card_outputs(&card, &any);
}

static void begin_card(void)
{
	calm();
	open_card();
}

/*
 * From nothing to nothing, with all that is kept or done later. With "empty" it
 * is what all around a cycle costs; with "again" the same buffer comes again at once.
 */
static void run_cycle(void)
{
	bool empty = !strcmp(what, "empty"), again = !strcmp(what, "again");
	unsigned int w, h, i;

	begin_card();
	size_of(&w, &h);
	cycle(w, h);
	cycle(w, h);
	sleep_ms(settle);
	for (i = 0; i < count; i++) {
		if (!again) {
			drop();
			drop();
		}
		window();
		if (!empty)
			cycle(w, h);
		sleep_ms(settle);
		if (!again)
			drop();
		window_end();
	}
	report(count);
	say("pages=%u", (w * h * 4 + 4095) / 4096);
}

static struct flipper {
	struct buf bufs[2];
	unsigned int front, sent;
	bool pending;
	double at;
} flippers[MAX_OUTPUTS];

static double *waits;
static unsigned int nwaits;

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void say_waits(const char *name)
{
	if (!nwaits)
		return;
	qsort(waits, nwaits, sizeof(*waits), cmp_double);
	say("%s.median_us=%.1f", name, waits[nwaits / 2] * 1e6);
	say("%s.p90_us=%.1f", name, waits[nwaits * 9 / 10] * 1e6);
	say("%s.max_us=%.1f", name, waits[nwaits - 1] * 1e6);
	nwaits = 0;
}

static void need_waits(unsigned int n)
{
	waits = calloc(n, sizeof(*waits));
	if (!waits)
		die("no memory for %u times", n);
}

static void setup_flips(void)
{
	int i, b;

	for (i = 0; i < card.noutputs; i++) {
		struct output *h = &card.outputs[i];

		for (b = 0; b < 2; b++) {
			make(&flippers[i].bufs[b], h->mode.hdisplay, h->mode.vdisplay);
			add_fb(&flippers[i].bufs[b]);
		}
		if (output_set(&card, h, flippers[i].bufs[0].fb))
			die("connector %d: setting the mode: %s", h->index, strerror(errno));
	}
}

static void flips(unsigned int n)
{
	uint32_t flags = DRM_MODE_PAGE_FLIP_EVENT | (o.async ? DRM_MODE_PAGE_FLIP_ASYNC : 0);
	struct pollfd pfd = { .fd = card.fd, .events = POLLIN };
	char events[1024];
	bool any = true;
	ssize_t len, at;
	int i;

	for (i = 0; i < card.noutputs; i++)
		flippers[i].sent = 0;
	while (any) {
		any = false;
		for (i = 0; i < card.noutputs; i++) {
			struct flipper *f = &flippers[i];

			if (!f->pending && f->sent < n) {
				/* the clock takes a call of the kernel */
				f->at = waits ? now_s() : 0;
				if (drmModePageFlip(card.fd, card.outputs[i].crtc, f->bufs[!f->front].fb,
						    flags, f))
					die("connector %d: flip %u: %s", card.outputs[i].index, f->sent,
					    strerror(errno));
				f->pending = true;
				f->sent++;
			}
			any |= f->pending;
		}
		if (!any)
			break;
		if (poll(&pfd, 1, o.timeout_ms) != 1)
			die("no event within %u ms", o.timeout_ms);
		len = read(card.fd, events, sizeof(events));
		for (at = 0; at < len;) {
			struct drm_event_vblank *e = (void *)(events + at);
			struct flipper *f = (void *)(uintptr_t)e->user_data;

			at += e->base.length;
			if (e->base.type != DRM_EVENT_FLIP_COMPLETE)
				continue;
			f->pending = false;
			f->front = !f->front;
			if (waits)
				waits[nwaits++] = now_s() - f->at;
		}
	}
}

static void run_flip(void)
{
	struct buf *more = calloc(spare + 1, sizeof(*more));
	unsigned int i;

	begin_card();
	setup_flips();
	for (i = 0; more && i < spare; i++) {
		make(&more[i], 64, 64);
		add_fb(&more[i]);
	}
	flips(WARM_UP);
	window();
	flips(count);
	window_end();
	report((double)count * card.noutputs);
}

static void touch_all(uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += 4096)
		((volatile uint8_t *)p)[i] = 1;
}

/* A driver may do it all when it is mapped. */
static void run_touch(void)
{
	bool anon = !strcmp(what, "anon");
	unsigned int w, h, i;
	size_t pages = 0;
	struct buf b;

	begin_card();
	size_of(&w, &h);
	for (i = 0; i < count; i++) {
		make(&b, w, h);
		window();
		if (anon) {
			b.map = mmap(NULL, b.size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (b.map == MAP_FAILED || madvise(b.map, b.size, MADV_NOHUGEPAGE))
				die("memory: %s", strerror(errno));
		} else {
			map(&b);
		}
		touch_all(b.map, b.size);
		window_end();
		pages += b.size / 4096;
		buf_destroy(&card, &b);
	}
	report(pages);
}

static void run_damage(void)
{
	bool empty = !strcmp(what, "empty");
	drmModeClip clip = { 64, 64, 128, 128 };
	struct buf b;
	unsigned int i;

	begin_card();
	make(&b, card.outputs[0].mode.hdisplay, card.outputs[0].mode.vdisplay);
	add_fb(&b);
	if (output_set(&card, &card.outputs[0], b.fb))
		die("setting the mode: %s", strerror(errno));
	for (i = 0; i < count + 10; i++) {
		if (i == 10)
			window();
		if (!(empty && i >= 10) && drmModeDirtyFB(card.fd, b.fb, &clip, 1))
			die("DIRTYFB: %s", strerror(errno));
		sleep_ms(settle);
	}
	window_end();
	report(count);
}

/* What is drawn on the console is sent some time after. */
static void run_print(void)
{
	int fd = open("/dev/tty0", O_WRONLY);
	unsigned int i;
	char line[100];

	if (fd < 0)
		die("/dev/tty0: %s", strerror(errno));
	calm();
	for (i = 0; i < count + 100; i++) {
		int n = snprintf(line, sizeof(line), "line %u of a file that is printed on the console\n", i);

		if (i == 100) {
			sleep_ms(settle);
			window();
		}
		if (write(fd, line, n) != n)
			die("/dev/tty0: %s", strerror(errno));
	}
	sleep_ms(settle);
	window_end();
	report(count);
}

static void run_idle(void)
{
	calm();
	sleep_ms(settle);
	window();
	sleep_ms(count * 1000);
	window_end();
	report(count);
}

static volatile sig_atomic_t spun;

static void on_alarm(int signal)
{
	spun = 1;
}

/* No call of the kernel, and no interrupt but the timer's. */
static void run_spin(void)
{
	signal(SIGALRM, on_alarm);
	alarm(count);
	window();
	while (!spun)
		;
	window_end();
	report(count);
}

/* A client's round trip with the same traffic, and nothing of a display. */
static void run_pingpong(void)
{
	struct ioctl_gntalloc_alloc_gref grant = { .flags = GNTALLOC_FLAG_WRITABLE, .count = 1 };
	struct ioctl_evtchn_bind_unbound_port unbound = { .remote_domain = 0 };
	struct ioctl_evtchn_notify notify;
	int evtchn = open("/dev/xen/evtchn", O_RDWR), gnt = open("/dev/xen/gntalloc", O_RDWR);
	struct pollfd pfd = { .fd = evtchn, .events = POLLIN };
	struct ring *ring;
	uint32_t got, i;
	int port;

	if (evtchn < 0 || gnt < 0)
		die("/dev/xen: %s", strerror(errno));
	port = ioctl(evtchn, IOCTL_EVTCHN_BIND_UNBOUND_PORT, &unbound);
	if (port < 0 || ioctl(gnt, IOCTL_GNTALLOC_ALLOC_GREF, &grant))
		die("port or page: %s", strerror(errno));
	ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, gnt, grant.index);
	if (ring == MAP_FAILED)
		die("page: %s", strerror(errno));
	memset(ring, 0, 4096);
	notify.port = port;
	say("port=%d", port);
	say("ref=%u", grant.gref_ids[0]);

	/* the other side rings first, when it is there */
	for (i = 0; i <= count + WARM_UP; i++) {
		if (i == WARM_UP)
			window();
		if (i) {
			memset(&ring->request, i, sizeof(ring->request));
			__atomic_store_n(&ring->asked, i, __ATOMIC_RELEASE);
			if (ioctl(evtchn, IOCTL_EVTCHN_NOTIFY, &notify))
				die("notify: %s", strerror(errno));
		}
		do {
			/* as a client of a card does */
			if (i && poll(&pfd, 1, o.timeout_ms) != 1)
				die("no event within %u ms", o.timeout_ms);
			if (read(evtchn, &got, 4) != 4 || write(evtchn, &got, 4) != 4)
				die("evtchn: %s", strerror(errno));
		} while (__atomic_load_n(&ring->answered, __ATOMIC_ACQUIRE) != i);
		if (i && ring->event.bytes[0] != (uint8_t)i)
			die("the answer to %u is %u", i, ring->event.bytes[0]);
	}
	window_end();
	report(count);
}

/* The same pages by limit/xdf_limit.c: allocated, cleared, granted, ended, freed. */
static void run_grants(void)
{
	unsigned int w, h, i;
	char line[64];
	int fd = open("/dev/xdf-limit", O_WRONLY), n;

	if (fd < 0)
		die("/dev/xdf-limit: %s", strerror(errno));
	w = o.width ?: 1920;
	h = o.height ?: 1080;
	n = snprintf(line, sizeof(line), "%u %u", (w * h * 4 + 4095) / 4096, order);
	for (i = 0; i <= count; i++) {
		if (i)
			window();
		if (write(fd, line, n) != n)
			die("%s: %s", line, strerror(errno));
		if (i)
			window_end();
	}
	report(count);
}

/* From a module that is not loaded to a picture. */
static void run_load(void)
{
	char command[64], connector[64];
	struct buf b;

	snprintf(command, sizeof(command), "modprobe %s", what);
	/* the card can be opened before it has its connectors */
	snprintf(connector, sizeof(connector), "/sys/class/drm/card0-Virtual-%d", o.conns[0] + 1);
	window();
	if (system(command))
		die("%s failed", command);
	while (access("/dev/dri/card0", F_OK) || access(connector, F_OK))
		sleep_ms(5);
	open_card();
	make(&b, card.outputs[0].mode.hdisplay, card.outputs[0].mode.vdisplay);
	add_fb(&b);
	if (output_set(&card, &card.outputs[0], b.fb))
		die("setting the mode: %s", strerror(errno));
	window_end();
	report(1);
}

/* One buffer on each output, until killed. */
static void run_hold(void)
{
	struct buf b;
	int i;

	begin_card();
	for (i = 0; i < card.noutputs; i++) {
		make(&b, card.outputs[i].mode.hdisplay, card.outputs[i].mode.vdisplay);
		add_fb(&b);
		if (output_set(&card, &card.outputs[i], b.fb))
			die("connector %d: setting the mode: %s", card.outputs[i].index, strerror(errno));
	}
	hold_in_background();
}

static unsigned long mem_free(void)
{
	unsigned long kib = 0;
	char line[200];
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "MemFree: %lu", &kib);
	if (f)
		fclose(f);
	return kib;
}

/* What buffers take beyond their pages. */
static void run_memory(void)
{
	unsigned long before, after, pages, listed, bytes;
	unsigned int w, h, i;
	struct buf b;

	begin_card();
	size_of(&w, &h);
	cycle(w, h);
	sleep_ms(settle);
	drop();
	sleep_ms(settle);
	before = mem_free();
	for (i = 0; i < count; i++) {
		make(&b, w, h);
		add_fb(&b);
	}
	sleep_ms(settle);
	after = mem_free();
	pages = (b.size + 4095) / 4096 * count;
	say("pages=%lu", pages);
	if (debugfs("lists of %lu pages and their grants: %lu", &listed, &bytes) && listed)
		say("listed=%.3f", (double)bytes / listed);
	say("measured=%.1f", ((before - after) * 1024.0 - pages * 4096.0) / pages);
}

static void small_buffers(const char *name, unsigned int w, unsigned int h)
{
	struct buf b;
	double at;
	unsigned int i;

	for (i = 0; i < count; i++) {
		/* the backend is asked in the one or in the other */
		at = now_s();
		make(&b, w, h);
		add_fb(&b);
		waits[nwaits++] = now_s() - at;
		buf_destroy(&card, &b);
	}
	say_waits(name);
}

/* How long a client waits, alone and while another one makes and destroys large buffers. */
static void run_busy(void)
{
	pid_t other;

	begin_card();
	setup_flips();
	flips(WARM_UP);
	need_waits(count * card.noutputs);
	small_buffers("buffer.alone", 64, 64);
	flips(count);
	say_waits("flip.alone");
	other = fork();
	if (!other) {
		struct opts any = { .nconns = 1 };

		close(card.fd);
		card_open(&card, &any);
		for (;;)
			cycle(o.width, o.height);
	}
	sleep_ms(500);
	small_buffers("buffer.beside", 64, 64);
	flips(count);
	say_waits("flip.beside");
	if (waitpid(other, NULL, WNOHANG))
		die("the other client has ended");
	kill(other, SIGKILL);
}

/* For what is not done by this program. */
static void run_mark(void)
{
	bool end = strcmp(what, "begin");

	if (end)
		mark(MARK_END);
	look(&during);
	report(1);
	if (!end)
		mark(MARK_BEGIN);
}

static void usage(void)
{
	fputs("usage: work COMMAND [-c CONNECTORS] [-n COUNT] [-a] [-W WIDTH -H HEIGHT]\n"
	      "            [-s SETTLE_MS] [-m SPARE_BUFFERS] [-o ORDER] [-w WHAT]\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} commands[] = {
		{ "cycle", run_cycle }, { "flip", run_flip }, { "touch", run_touch },
		{ "damage", run_damage }, { "print", run_print }, { "idle", run_idle },
		{ "spin", run_spin }, { "pingpong", run_pingpong }, { "grants", run_grants },
		{ "load", run_load }, { "hold", run_hold }, { "memory", run_memory }, { "busy", run_busy },
		{ "mark", run_mark },
	};
	unsigned int i;
	char *p;
	int c;

	if (argc < 2 || mark_init())
		usage();
	while ((c = getopt(argc - 1, argv + 1, "c:n:aW:H:s:m:o:w:")) != -1) {
		switch (c) {
		case 'c':
			for (o.nconns = 0, p = optarg; *p && o.nconns < MAX_OUTPUTS; p += !!*p)
				o.conns[o.nconns++] = strtol(p, &p, 10);
			break;
		case 'n':
			count = atoi(optarg);
			break;
		case 'a':
			o.async = true;
			break;
		case 'W':
			o.width = atoi(optarg);
			break;
		case 'H':
			o.height = atoi(optarg);
			break;
		case 's':
			settle = atoi(optarg);
			break;
		case 'm':
			spare = atoi(optarg);
			break;
		case 'o':
			order = atoi(optarg);
			break;
		case 'w':
			what = optarg;
			break;
		default:
			usage();
		}
	}
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		commands[i].run();
		return 0;
	}
	usage();
}
